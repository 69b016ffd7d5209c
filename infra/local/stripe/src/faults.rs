//! Faults on order: what a network and a provider do to a call, one call at a time.

use serde::Deserialize;

/// A fault that waits for its call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// The method of the calls that meet it.
    pub(crate) method: String,
    /// Their path; one that ends with `*` means all that begin so.
    pub(crate) path: String,
    /// How many calls meet it.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// The status that they are answered with; with none, the answer is lost.
    pub(crate) status: Option<u16>,
    /// Is the call carried out all the same?
    #[serde(default)]
    pub(crate) executes: bool,
    /// Does the call never arrive? Then nothing is carried out, and nothing answered.
    #[serde(default)]
    pub(crate) is_unheard: bool,
    /// Is a list answered as if nothing were in it yet? A reading that lags behind what was written.
    #[serde(default)]
    pub(crate) is_blank: bool,
    /// What `Stripe-Should-Retry` says.
    pub(crate) should_retry: Option<bool>,
}

fn once() -> u32 {
    1
}

/// All that wait.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Another one waits.
    pub(crate) fn order(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The fault that a call meets, once less.
    pub(crate) fn meet(&mut self, method: &str, path: &str) -> Option<Fault> {
        let is_met = |fault: &Fault| {
            let fits = fault.path.strip_suffix('*').map_or(fault.path == path, |prefix| path.starts_with(prefix));
            fits && fault.method == method && fault.times > 0
        };
        let fault = self.0.iter_mut().find(|fault| is_met(fault))?;
        fault.times -= 1;
        Some(fault.clone())
    }
}
