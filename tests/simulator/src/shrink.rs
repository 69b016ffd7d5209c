//! A world that fails, made as small as it can be while it still fails by the same law.

use crate::laws::Breach;
use crate::plan::Plan;
use crate::run::Stage;
use crate::scene::Trouble;

/// How many worlds are tried at most.
const TRIES_MAX: usize = 1_500;

/// The smallest plan found that breaks the law, and the log of its world.
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// What happened.
    pub log: Vec<String>,
    /// What was found at its end.
    pub found: String,
}

/// Leaves out faults, deeds and events as long as the same law breaks; of a figure that differs, that of the same sale.
pub fn shrink(stage: &mut Stage, plan: &Plan, first: &Breach) -> Shrunk {
    let mut smallest = plan.clone();
    let mut tries = 0;
    let mut breaks = |candidate: &Plan, tries: &mut usize| {
        *tries += 1;
        matches!(stage.happen(candidate, None), Err(Trouble::Broken(breach)) if is_same(&breach, first))
    };
    loop {
        let before = size(&smallest);
        for part in [Part::Faults, Part::Deeds, Part::Events] {
            let mut chunk = part.length(&smallest).div_ceil(2).max(1);
            while chunk > 0 && tries < TRIES_MAX {
                let mut from = 0;
                while from < part.length(&smallest) && tries < TRIES_MAX {
                    let candidate = part.without(&smallest, from, chunk);
                    if breaks(&candidate, &mut tries) {
                        smallest = candidate;
                    } else {
                        from += chunk;
                    }
                }
                chunk /= 2;
            }
        }
        if size(&smallest) == before || tries >= TRIES_MAX {
            break;
        }
    }
    let mut log = Vec::new();
    let found = match stage.happen(&smallest, Some(&mut log)) {
        Err(trouble) => trouble.to_string(),
        Ok(_) => "nothing".to_owned(),
    };
    Shrunk { plan: smallest, log, found }
}

/// A world with less in it may break the law of another sale, which is another mistake.
fn is_same(breach: &Breach, first: &Breach) -> bool {
    let subject = |breach: &Breach| breach.found.split_whitespace().next().map(str::to_owned);
    breach.law == first.law && (first.law != "model" || subject(breach) == subject(first))
}

fn size(plan: &Plan) -> usize {
    plan.faults.len() + plan.deeds.len() + plan.events.len()
}

#[derive(Clone, Copy)]
enum Part {
    Faults,
    Deeds,
    Events,
}

impl Part {
    fn length(self, plan: &Plan) -> usize {
        match self {
            Self::Faults => plan.faults.len(),
            Self::Deeds => plan.deeds.len(),
            Self::Events => plan.events.len(),
        }
    }

    fn without(self, plan: &Plan, from: usize, count: usize) -> Plan {
        let mut plan = plan.clone();
        let to = (from + count).min(self.length(&plan));
        match self {
            Self::Faults => drop(plan.faults.drain(from..to)),
            Self::Deeds => drop(plan.deeds.drain(from..to)),
            Self::Events => plan.leave_out_events(from, to),
        }
        plan
    }
}
