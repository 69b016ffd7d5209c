//! Tax of payees: forms, numbers, thresholds by year, what is withheld, and how a year is told. Not advice; each figure says
//! whose it is.

pub mod batch;
mod content;
mod form;
pub mod iris;
mod net;
mod returns;
mod settings;
mod tin;
mod year;

pub use content::{FormContent, SEALED_AS};
pub use form::{Classification, FormKind, FormStep, Given, Standing, TaxForm, TaxStatus};
pub use net::{Net, NothingLeft, WITHHELD, WithholdingBase, net_of, withholding_of};
pub use returns::{InformationReturn, NotCounted, OnFile, Teller, Tellers, Totals, Verdict, YearRow, judged, rows_of};
pub use settings::{NoTemplate, TaxSettings};
pub use tin::{Tin, TinFault, TinKind};
pub use year::{UnknownYear, is_reported, threshold};
