//! Tax of payees: forms, numbers, thresholds by year, and what is withheld. Not advice; each figure says whose it is.

mod form;
mod net;
mod tin;
mod year;

pub use form::{Classification, FormKind, FormStep, Given, Standing, TaxForm, TaxStatus};
pub use net::{Net, NothingLeft, WITHHELD, WithholdingBase, net_of, withholding_of};
pub use tin::{Tin, TinFault, TinKind};
pub use year::{UnknownYear, is_reported, threshold};
