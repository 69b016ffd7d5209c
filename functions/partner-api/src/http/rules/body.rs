//! The shapes of a rule outside: what is sent is what is shown.

use std::collections::BTreeMap;

use domain::money::AmountText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a rule or clause pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleKind {
    /// A share of the sale.
    Percentage,
    /// The same amount for every sale.
    Flat,
    /// A share by the bands of the rule: the more a month brings, the more.
    Banded,
    /// Of a rule only: its clauses say.
    Clauses,
}

/// How an amount is rounded, once, at the line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoundingWord {
    /// 0.5 goes away from zero.
    #[default]
    HalfAwayFromZero,
    /// 0.5 goes to the even neighbour.
    HalfEven,
}

/// Which of several clauses that apply pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MatchingWord {
    /// The first.
    #[default]
    First,
    /// The one that pays most for the sale, compared as money.
    BestMoney,
    /// All of them, added up.
    Sum,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventWord {
    /// Somebody signed up.
    SignUp,
    /// A lead turned out to be worth something.
    QualifiedLead,
    /// A customer paid for the first time.
    FirstSale,
    /// A subscription was paid again.
    Renewal,
    /// A later payment of no subscription, or one of a guest.
    OneOffSale,
    /// An event of your own; compare its name with the field `event`.
    Custom,
}

/// What is taken off a payment before a share of it is taken. Tax and discounts always are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaseBody {
    /// Shipping; yes when left out.
    #[serde(default = "yes")]
    pub(crate) net_of_shipping: bool,
    /// What the provider kept, where it is known; no when left out.
    #[serde(default)]
    pub(crate) net_of_fees: bool,
}

fn yes() -> bool {
    true
}

/// What a clause pays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RewardBody {
    /// What it is.
    pub(crate) kind: RuleKind,
    /// Of a percentage: a fraction as a decimal string, 30 % is "0.3".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.3")]
    pub(crate) rate: Option<String>,
    /// Of a flat reward: the amount in the programme's currency, as a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "25.00")]
    pub(crate) amount: Option<AmountText>,
}

/// A condition: a comparison (`field`, `operator`, `value`), or `all` or `any` of several, to three levels.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionBody {
    /// Each of them holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub(crate) all: Option<Vec<ConditionBody>>,
    /// At least one of them holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub(crate) any: Option<Vec<ConditionBody>>,
    /// Of what: product, plan, country, coupon, currency, amount, event, tier, group, link, or custom.<key>.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "country")]
    pub(crate) field: Option<String>,
    /// How: equals, not_equals, in, not_in, greater_than, at_least, less_than, at_most, starts_with, ends_with, contains,
    /// exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "in")]
    pub(crate) operator: Option<String>,
    /// With what: a text, for `in` and `not_in` a list of texts, for `exists` true or false. Amounts are decimal strings of
    /// the programme's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<serde_json::Value>,
}

/// One clause.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClauseBody {
    /// What people call it; unique in its rule.
    pub(crate) name: String,
    /// For which events; every sale when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<Vec<EventWord>>,
    /// On what condition; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<ConditionBody>,
    /// What it pays.
    pub(crate) reward: RewardBody,
    /// Only for what begins less than so many months after the customer's first payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_months: Option<u16>,
    /// Only for the first so many paid sales of a customer and subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_occurrences: Option<u32>,
}

/// What a band's rate applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BandModeWord {
    /// Each slice of the month's volume has its own rate.
    Marginal,
    /// The whole month has the rate that was reached.
    Retroactive,
}

/// One band.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BandBody {
    /// From this net volume of the month on, itself included. The first band begins at "0".
    #[schema(value_type = String, example = "10000.00")]
    pub(crate) from: AmountText,
    /// The rate.
    #[schema(example = "0.25")]
    pub(crate) rate: String,
}

/// The bands of banded clauses.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BandsBody {
    /// What a rate applies to.
    pub(crate) mode: BandModeWord,
    /// By volume, ascending.
    pub(crate) steps: Vec<BandBody>,
}

/// More on every sale from a volume on, as a line of its own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VolumeBonusBody {
    /// The net volume of the month from which it holds.
    #[schema(value_type = String, example = "5000.00")]
    pub(crate) from: AmountText,
    /// How much more: a quarter more is "0.25".
    #[schema(example = "0.25")]
    pub(crate) bonus: String,
}

/// The most that is paid, net of refunds, in the programme's currency.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CapsBody {
    /// By one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) per_line: Option<AmountText>,
    /// To a partner for one customer, ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) per_customer: Option<AmountText>,
    /// To a partner for a calendar month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) per_partner_period: Option<AmountText>,
    /// To all partners together for a calendar month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) per_program_period: Option<AmountText>,
}

/// Rates that go above the programme's own: link > partner > tier > group > programme.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverridesBody {
    /// By partner id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) partners: BTreeMap<String, String>,
    /// By tier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tiers: BTreeMap<String, String>,
    /// By group; of several the highest rate holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) groups: BTreeMap<String, String>,
}

/// What a milestone counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MetricWord {
    /// Paid sales.
    Sales,
    /// Customers who paid for the first time.
    Customers,
    /// Net revenue.
    Revenue,
}

/// Something to reach, once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MilestoneBody {
    /// What people call it; unique in its rule.
    pub(crate) name: String,
    /// What it counts, over the whole time of a partner in the programme.
    pub(crate) metric: MetricWord,
    /// How many or how much: "10", or "1000.00" of revenue.
    #[schema(example = "1000.00")]
    pub(crate) threshold: String,
    /// What is paid for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "100.00")]
    pub(crate) bonus: Option<AmountText>,
    /// The badge that is shown for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) badge: Option<String>,
}

/// What refunds do to flat rewards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FlatRefundWord {
    /// Nothing.
    Keep,
    /// They shrink with the payment.
    Proportional,
    /// They are taken back whole, once a share of the payment went back.
    Reverse,
}

/// What refunds do to flat rewards.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlatRefundBody {
    /// What.
    pub(crate) mode: FlatRefundWord,
    /// Of `reverse`: from which share of the payment on; "1", all of it, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.5")]
    pub(crate) from: Option<String>,
}

/// Something in a rule that may not be meant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WarningBody {
    /// Its name, which does not change.
    #[schema(example = "overlap")]
    pub(crate) name: &'static str,
    /// Where in the rule.
    #[schema(example = "/clauses/1/when")]
    pub(crate) pointer: String,
    /// Why.
    pub(crate) reason: String,
}
