//! Which field has which form. A limit that a type of `domain` or `edge` enforces is asked of it; the others are those of
//! the function that reads the body, and `tests/flows/tests/flows/access/limits.rs` asks each running door whether it
//! holds to them.

use domain::application::ApplicationState;
use domain::attribution::models::Model;
use domain::attribution::settings::Binding;
use domain::fraud::Reason;
use domain::fraud::marks::MarkKind;
use domain::fraud::review::{ReviewState, Verdict};
use domain::id::{CustomerId, MemberId, MethodId, PartnerId, PlanId, ProgramId, SubscriptionId, TenantId, UserId};
use domain::lead::LeadState;
use domain::member::KycStatus;
use domain::payee::{AccountKind, HolderKind, Rail};
use domain::payout::policy::MissingTaxForm;
use domain::plan::{TIER_CHARS_MAX, TIERS_MAX, TRIAL_DAYS_MAX};
use domain::provider::Provider;
use domain::rule::check::{CLAUSES_MAX, OCCURRENCES_MAX};
use domain::sales_tax::{Stacking, TaxBehavior};
use domain::scope::Scope;
use domain::settings::RetentionKind;
use domain::subscription::Interval;
use domain::tax::{Classification, FormKind, Teller, TinKind, WithholdingBase};
use domain::tier::Tier;
use domain::user::UserState;
use serde_json::{Value, json};

use super::forms::{
    amount, bare, chars, country, currency, day, digest, email, exchange_rate, form, host, id, instant_or_day, key,
    line, list, named, of, one_of, plain, prose, rate, region, signed, some, url, whole, words, zone,
};

/// What may be sent as a field of a schema; `tags[]` is an entry of the list `tags`, `custom.*` a value of the map.
pub(super) fn limit(schema: &str, field: &str) -> Option<Value> {
    partners(schema, field)
        .or_else(|| programs(schema, field))
        .or_else(|| rules(schema, field))
        .or_else(|| payouts(schema, field))
        .or_else(|| rails(schema, field))
        .or_else(|| revenue(schema, field))
        .or_else(|| taxes(schema, field))
        .or_else(|| administration(schema, field))
        .or_else(|| told(schema, field))
        .or_else(|| anywhere(field))
}

fn partners(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("NewPartner" | "ChangedPartner" | "NewApplication", "name" | "company") => line(200),
        ("ChangedPartner", "notes") => prose(5_000),
        ("NewPartner" | "ChangedPartner", "tags") => list(20),
        ("NewPartner" | "ChangedPartner", "tags[]") => line(64),
        ("NewPartner" | "ChangedPartner" | "NewEnrolment" | "ChangedEnrolment" | "Terms", "groups") => list(20),
        ("NewPartner" | "ChangedPartner" | "NewEnrolment" | "ChangedEnrolment" | "Terms", "groups[]") => line(64),
        ("ChangedEnrolment", "status") => one_of(&["active", "suspended"]),
        ("Answer", "question") => line(200),
        ("Answer", "answer") => plain(2_000),
        ("NewApplication", "terms_version") | ("TermsAcceptance", "version") => line(40),
        ("NewSuspension" | "Refusal" | "WithdrawBody", "reason") => line(500),
        ("NewGroup", "name") => line(64),
        ("NewPartnerUser", "name") => line(100),
        ("NewGroup" | "ChangedGroup", "description") => line(500),
        ("NewAccount" | "NewClaim" | "ClaimAcceptance", "customer_id") => key(),
        ("NewClaim", "order_reference") => line(200),
        ("NewClaim", "evidence") => prose(4_000),
        ("ClaimAcceptance" | "ClaimRefusal", "reason") => line(1_000),
        ("NewCoupon", "code") => of("[A-Za-z0-9_-]", 1, 64),
        ("CouponDiscount", "months") => whole(1, 120),
        ("NewLink", "unique_code") => of("[A-Za-z0-9]", 3, 64),
        ("NewLink" | "LinkChange", "label") => line(120),
        ("NewLink" | "LinkChange", "sub_ids") => named(one_of(&["sub1", "sub2", "sub3", "sub4", "sub5"]), 5),
        ("NewLink" | "LinkChange", "sub_ids.*") => line(256),
        ("WishedMethod", "id") => id(MethodId::PREFIX),
        ("NewTaxForm", "first_name" | "last_name" | "business_name" | "foreign_tin") => line(140),
        ("NewTaxForm", "form") => words::<FormKind>(),
        ("NewTaxForm", "classification") => words::<Classification>(),
        ("NewTaxForm", "tin_kind") => words::<TinKind>(),
        ("NewTaxForm", "tin") => of("[0-9-]", 9, 11),
        ("NewTaxForm", "citizenship") => country(),
        ("PostalAddress", "line1" | "city") => line(100),
        // Forms send what is optional as nothing.
        ("PostalAddress", "line2" | "region") => plain(100),
        ("PostalAddress", "postal_code") => line(16),
        ("PayoutDetails", "holder" | "payable_to" | "reference") => line(140),
        ("PayoutDetails", "instructions") => line(1_000),
        // How many a country's have, the country says.
        ("PayoutDetails", "iban") => form("^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"),
        _ => return None,
    })
}

fn programs(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("NewProgram" | "ChangedProgram", "name") => line(200),
        ("NewProgram" | "ChangedProgram", "window_days") => whole(1, 365),
        ("NewProgram" | "ChangedProgram", "hold_days") => whole(0, 365),
        ("NewProgram" | "ChangedProgram", "close_lag_days") => whole(0, 31),
        ("NewProgram" | "ChangedProgram", "allowed_hosts" | "destination_hosts") => list(50),
        ("NewProgram" | "ChangedProgram", "allowed_hosts[]" | "destination_hosts[]") => host(),
        ("AttributionBody" | "ChangedAttribution", "model") => words::<Model>(),
        ("AttributionBody" | "ChangedAttribution", "binding") => words::<Binding>(),
        ("NewAchievement" | "AchievementChange", "name" | "badge") => line(80),
        ("NewAchievement" | "AchievementChange", "threshold" | "bonus") => amount(),
        ("NewRecompute", "reason") => line(500),
        _ => return None,
    })
}

fn rules(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("NewRule", "hold_days" | "managed_hold_days") => whole(0, u64::from(domain::rule::check::HOLD_DAYS_MAX)),
        ("NewRule", "clauses") => list(CLAUSES_MAX),
        ("NewRule", "milestones") => list(200),
        ("NewRule", "second_tier") => rate(),
        ("NewRule", "sign_up_bonus") => named(words::<Tier>(), Tier::ALL.len()),
        ("NewRule", "sign_up_bonus.*") => amount(),
        ("ClauseBody" | "MilestoneBody", "name" | "badge") => line(80),
        ("ClauseBody", "events") => some(6),
        ("ClauseBody", "max_months") => whole(1, u64::from(u16::MAX)),
        ("ClauseBody", "max_occurrences") => whole(1, u64::from(OCCURRENCES_MAX)),
        ("ConditionBody", "all" | "any") => list(50),
        ("ConditionBody", "field") => chars(1, 100),
        ("ConditionBody", "operator") => one_of(&[
            "equals",
            "not_equals",
            "in",
            "not_in",
            "greater_than",
            "at_least",
            "less_than",
            "at_most",
            "starts_with",
            "ends_with",
            "contains",
            "exists",
        ]),
        ("BandsBody", "steps") => list(20),
        ("BandBody" | "VolumeBonusBody", "from") => amount(),
        ("VolumeBonusBody", "bonus") => rate(),
        ("CapsBody", _) => amount(),
        ("OverridesBody", "partners") => named(id(PartnerId::PREFIX), 200),
        ("OverridesBody", "tiers") => named(words::<Tier>(), Tier::ALL.len()),
        ("OverridesBody", "groups") => named(line(64), 200),
        ("OverridesBody", "partners.*" | "tiers.*" | "groups.*") => rate(),
        ("MilestoneBody", "threshold" | "bonus") => amount(),
        ("FlatRefundBody", "from") => rate(),
        _ => return None,
    })
}

fn payouts(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("NewMemberBody" | "MemberPatch", "name") => line(200),
        ("NewMemberBody" | "MemberPatch" | "ReactivateBody", "subscription_id") => id(SubscriptionId::PREFIX),
        ("KycBody", "status") => words::<KycStatus>(),
        ("KycBody", "verification_session_id") => {
            json!({ "maxLength": 255, "pattern": "^vs_[A-Za-z0-9_]{0,252}$" })
        }
        ("RejectBody" | "CancelBody" | "ResolveBody" | "FailBody", "reason" | "failure_reason") => prose(1_000),
        ("MarkSentBody" | "ConfirmBody" | "ResolveBody", "payment_reference") => prose(140),
        ("OverrideBody", "reason") => prose(1_000),
        ("PayoutNoteBody", "text") => prose(1_000),
        ("VoidBody", "reason") => chars(1, 1_000),
        ("ReturnsBody", "content") => chars(1, edge::body::BODY_BYTES_MAX),
        ("ExportBody", "payout_ids") => list(domain::payout::file::PAYOUTS_MAX),
        ("ExportBody", "payout_ids[]") | ("ReleaseBody", "payout_id") => payout_id(),
        ("PayoutPolicyBody", "minimums" | "bands") => list(100),
        ("PayoutPolicyBody", "missing_tax_form") => words::<MissingTaxForm>(),
        ("PayoutPolicyBody", "withholding_base") => words::<WithholdingBase>(),
        ("ApprovalBandBody", "automatic_below" | "two_from") => amount(),
        ("RunBody", "after") => id(PartnerId::PREFIX),
        ("AwardPolicyBody", "months_min") => whole(0, 1_200),
        ("AwardPolicyBody", "membership_months") => whole(1, 1_200),
        ("AwardPolicyBody", "revenue_per_award" | "gross") => whole(1, 1_000_000_000),
        ("AwardPolicyBody", "retention") => whole(0, 999_999_999),
        _ => return None,
    })
}

/// Of a payout: the account (partner and currency) and its number there.
fn payout_id() -> Value {
    form("^pay_[0-7][0-9A-HJKMNP-TV-Z]{25}[A-Z]{3}[0-9]{6,}$")
}

fn rails(schema: &str, field: &str) -> Option<Value> {
    // What a bank's file writes of it is ASCII in capitals; other letters that have such a form are read, too.
    let name = |chars_max: u64| json!({ "minLength": 1, "maxLength": chars_max, "pattern": "^ *[!-~][ -~]*$" });
    Some(match (schema, field) {
        (
            "AchSettings" | "OffsetSettings",
            "destination_routing_number" | "originating_routing_number" | "routing_number",
        ) => form("^[0-9]{9}$"),
        ("AchSettings", "destination_name" | "origin_name") => name(23),
        ("AchSettings", "company_name") => name(16),
        ("AchSettings", "company_id") => of("[A-Z0-9]", 10, 10),
        ("AchSettings", "origin") => form("^[0-9]{9}$"),
        ("AchSettings", "description") => name(10),
        ("AchSettings", "discretionary") => of("[ -~]", 0, 20),
        ("AchSettings", "lead_days") => whole(1, 5),
        ("AchSettings", "addenda") => one_of(&["nobody", "businesses", "everybody"]),
        ("AchSettings", "entry_max" | "file_max") => amount(),
        ("OffsetSettings", "account_number") => of("[0-9]", 4, 17),
        ("OffsetSettings", "account_kind") => words::<AccountKind>(),
        ("OffsetSettings", "classes") => some(2),
        ("OffsetSettings", "classes[]") => one_of(&["PPD", "CCD"]),
        ("WiseSettings", "header") => of("[ -~]", 1, 1_000),
        ("WiseSettings", "receivers") => words::<HolderKind>(),
        ("WiseSettings", "reference_chars") => whole(1, 100),
        ("CsvSettings", "columns") => some(50),
        ("CsvColumn", "header") => of("[ -~]", 0, 100),
        ("CsvColumn", "content") => json!({ "maxLength": 100, "pattern": CONTENT }),
        ("CsvSettings", "delimiter") => one_of(&[",", ";", "\t", "|"]),
        ("CsvSettings", "decimal_mark") => one_of(&[".", ","]),
        ("CsvSettings", "days") => one_of(&["iso", "month_first", "day_first"]),
        ("CheckSettings", "first_number") => whole(1, 9_999_999_999),
        _ => return None,
    })
}

fn taxes(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("TaxPayerBody", "tin_kind") => words::<TinKind>(),
        ("TaxPayerBody", "tin") => of("[0-9X -]", 9, 20),
        ("TaxPayerBody", "business_name" | "first_name" | "last_name" | "phone" | "email") => line(140),
        ("TaxSettingsBody", "rails") => named(words::<Rail>(), Rail::ALL.len()),
        ("TaxSettingsBody", "rails.*") => words::<Teller>(),
        ("TaxSettingsBody", "templates") => named(form("^[0-9]{4}/1099-(nec|misc)$"), 40),
        ("TaxSettingsBody", "templates.*") => of("[ -~]", 1, 8_000),
        ("TaxFiledBody", "receipt") | ("TaxRemittanceBody", "reference") => prose(200),
        ("TaxFiledBody", "count") => whole(1, u64::from(u32::MAX)),
        ("TaxFiledBody", "withheld_untold") => amount(),
        ("TaxRemittanceBody", "year") => whole(2_000, 2_099),
        ("TaxRemittanceRejectBody" | "TaxRemittanceTakeBackBody", "reason") => prose(1_000),
        _ => return None,
    })
}

/// What stands in a column of a bank's file.
const CONTENT: &str = "^(payout|reference|name|amount|minor_units|currency|memo|routing_number|account_number|account_kind|iban|country|bic|email|day|constant:[ -~]{0,80})$";

fn revenue(schema: &str, field: &str) -> Option<Value> {
    let id_of_provider = || of("[A-Za-z0-9_]", 4, 100);
    Some(match (schema, field) {
        (
            "ReattributeBody" | "WriteOffBody" | "ExchangeBody" | "ReleaseBody" | "CorrectionBody" | "ReasonBody",
            "reason",
        ) => prose(1_000),
        ("SubscriptionCancel", "reason") => prose(500),
        ("CorrectionBody" | "CalculateBody", "amount") => signed(),
        ("RateBody", "rate") => exchange_rate(),
        ("RateBody", "source") => prose(100),
        ("NewPlan", "name") => prose(200),
        ("NewPlan", "tiers") => some(TIERS_MAX),
        ("NewPlanTier", "name") | ("NewSubscriptionBody" | "SubscriptionPatch", "tier") => {
            of("[a-z0-9-]", 1, TIER_CHARS_MAX)
        }
        ("NewPlanTier", "interval") => words::<Interval>(),
        ("NewPlanTier", "interval_count") => whole(1, 3),
        ("NewPlanTier", "trial_days") => whole(1, u64::from(TRIAL_DAYS_MAX)),
        ("NewSubscriptionBody", "trial_days") => whole(0, u64::from(TRIAL_DAYS_MAX)),
        ("NewSubscriptionBody" | "SubscriptionPatch", "quantity") => whole(1, 1_000_000),
        ("NewSubscriptionBody", "click_token") => of("[!-~]", 1, 200),
        ("NewSubscriptionBody" | "NewCustomer" | "CustomerPaymentMethod", "payment_method") => id_of_provider(),
        ("NewSubscriptionBody" | "CalculateBody", "customer_id") => id(CustomerId::PREFIX),
        ("NewCustomer" | "CustomerPatch", "name") => prose(200),
        ("NewCustomer" | "CustomerPatch", "postal_code") => prose(20),
        ("NewCustomer" | "CustomerPatch", "tax_standing") | ("CalculateBody", "buyer") => {
            one_of(&["consumer", "business", "exempt"])
        }
        ("NewTaxRate" | "CalculateBody", "behavior") => words::<TaxBehavior>(),
        ("NewTaxRate", "stacking") => words::<Stacking>(),
        ("NewTaxRate", "name") => prose(60),
        ("CalculateBody", "seller_country") => country(),
        _ => return None,
    })
}

fn administration(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("NewKeyBody", "scopes[]") => {
            json!({ "enum": Scope::all().map(|scope| scope.to_string()).collect::<Vec<_>>() })
        }
        ("NewUserBody" | "ChangeUserBody", "role") => {
            one_of(&["admin", "finance_manager", "support", "auditor", "partner", "member"])
        }
        ("ChangeUserBody", "state") => words::<UserState>(),
        ("AskBody", "tenant_id") => id(TenantId::PREFIX),
        ("BeginBody", "token") => of("[A-Za-z0-9_-]", 1, 200),
        ("BeginBody", "id_token") => of("[A-Za-z0-9_.-]", 1, 8_192),
        ("NewRiskMark", "kind") => words::<MarkKind>(),
        ("NewRiskMark", "value") => of("[!-~]", 1, 200),
        ("DecideBody", "decision") => words::<Verdict>(),
        ("DecideBody", "reason") => prose(1_000),
        ("DecideBody", "partner_note") => prose(300),
        ("RiskPolicyBody", "points") => named(words::<Reason>(), Reason::ALL.len()),
        ("RiskPolicyBody", "points.*") => whole(0, u64::from(domain::fraud::SCORE_MAX)),
        ("RiskPolicyBody", "quick_sale_seconds") => whole(0, 3_600),
        ("RiskPolicyBody", "velocity_customers" | "shared_address_customers") => whole(2, u64::from(u32::MAX)),
        ("RiskPolicyBody", "refund_rate_sales") => whole(1, u64::from(u32::MAX)),
        ("RiskPolicyBody", "banned_referrers") => named(id(ProgramId::PREFIX), 20),
        ("RiskPolicyBody", "banned_referrers.*") => list(40),
        ("RiskPolicyBody", "banned_referrers.*[]") => form("^[a-z0-9-]{1,30}(\\.[a-z0-9-]{1,30}){1,2}$"),
        ("SettingsBody" | "TenantBody", "name") => bare(100, false),
        ("SettingsBody", "mail_sender_name") => bare(100, true),
        ("SettingsBody", "terms_version") => bare(40, true),
        ("SettingsBody", "four_eyes_above") => whole(0, u64::from(u32::MAX)),
        ("SettingsBody", "retention_days") => named(words::<RetentionKind>(), 20),
        ("SettingsBody", "retention_days.*") => whole(1, 36_500),
        _ => return None,
    })
}

fn told(schema: &str, field: &str) -> Option<Value> {
    Some(match (schema, field) {
        ("NewLead", "source") => of("[A-Za-z0-9._-]", 1, domain::lead::SOURCE_CHARS_MAX),
        ("StripeEvent", "id" | "type") | ("StandardMessage", "type") => of("[A-Za-z0-9_.-]", 1, 128),
        ("LemonSqueezyMeta", "event_name") | ("LemonSqueezyData", "id" | "type") => of("[A-Za-z0-9_.-]", 1, 64),
        // The seconds of the days that a ledger has.
        ("StripeEvent", "created") => whole(946_684_800, 4_102_444_799),
        ("NewLead", "campaign" | "name" | "company" | "job_title" | "phone") => plain(200),
        ("NewLead", "click_token") => chars(0, 400),
        ("GivenConsent", "source") => json!({ "minLength": 1, "maxLength": 200, "pattern": plain(0)["pattern"] }),
        ("ToldBehaviour", "pages_viewed" | "visits") => whole(0, u64::from(u16::MAX)),
        ("ToldBehaviour", "seconds_on_site") => whole(0, u64::from(u32::MAX)),
        (_, "event_id") | ("TrackedSale", "subscription_id" | "event_name") => of("[A-Za-z0-9._-]", 1, 128),
        ("TrackedSale" | "TrackedRefund" | "TrackedSignUp", "customer_id" | "payment_id" | "refund_id") => {
            of("[A-Za-z0-9._-]", 1, 190)
        }
        ("TrackedLead" | "TrackedSale" | "TrackedSignUp", "click_token") => chars(0, 400),
        ("TrackedSale" | "TrackedSignUp", "coupon" | "plan" | "product") => of("[ -~]", 0, 200),
        ("TrackedItem", "product") => of("[ -~]", 1, 200),
        ("TrackedSale", "items") => list(50),
        ("TrackedSale", "total" | "tax" | "shipping" | "fees") => amount(),
        ("TrackedSale", "custom") => named(chars(0, 64), 20),
        ("TrackedSale", "custom.*") => of("[ -~]", 0, 200),
        ("TrackedRefund", "item") => whole(0, 49),
        // The whole body has 16 KB.
        ("Told", "token" | "page" | "referrer") => chars(0, 16 * 1_024),
        _ => return None,
    })
}

/// What means the same wherever it stands.
fn anywhere(field: &str) -> Option<Value> {
    Some(match field {
        "currency" | "into_currency" | "from_currency" | "to_currency" | "source_currency" => currency(),
        "partner_id" | "referrer_id" => id(PartnerId::PREFIX),
        "program_id" => id(ProgramId::PREFIX),
        "member_id" => id(MemberId::PREFIX),
        "user_id" => id(UserId::PREFIX),
        "plan_id" => id(PlanId::PREFIX),
        "tier" => words::<Tier>(),
        "rail" => words::<Rail>(),
        "rate" | "default_rate" | "commission_rate" | "refund_rate" => rate(),
        "amount" | "net_amount" => amount(),
        "email" | "customer_email" => email(),
        "website" | "destination" => url(),
        "seal" | "rules_seal" => digest(),
        "country" => country(),
        "region" => region(),
        "time_zone" | "ledger_zone" | "zone" => zone(),
        _ => return None,
    })
}

/// What may be asked for in the query of an operation.
pub(super) fn asked(operation: &str, parameter: &str) -> Option<Value> {
    Some(match (operation, parameter) {
        (_, "cursor") => of("[A-Za-z0-9_.~-]", 0, 512),
        (_, "offset") => whole(0, 10_000),
        (_, "count") => whole(1, u64::from(u32::MAX)),
        ("GET /v1/revenue/recognition", "from" | "to") => form("^20[0-9]{2}-(0[1-9]|1[0-2])$"),
        ("GET /v1/partners/{id}/earnings", "period_start" | "period_end") => day(),
        (_, "from" | "to" | "period_start" | "period_end" | "as_of") => instant_or_day(),
        ("GET /v1/audit", "entity" | "entity_id" | "actor" | "action") => chars(1, 200),
        ("GET /v1/programs/{id}/applications", "limit") => json!({ "maximum": 100 }),
        (_, "format") => one_of(&["json", "csv"]),
        ("GET /v1/partners", "status") => one_of(&["active", "suspended"]),
        ("GET /v1/programs/{id}/applications", "status") => one_of(&ApplicationState::WORDS),
        ("GET /v1/revenue/leads", "state") => one_of(&LeadState::WORDS),
        ("GET /v1/revenue/payments/failed", "status") => one_of(&["open", "paid", "voided", "uncollectible", "all"]),
        ("GET /v1/revenue/payouts", "status") => one_of(&[
            "pending_approval",
            "approved",
            "rejected",
            "cancelled",
            "payment_sent",
            "completed",
            "payment_failed",
        ]),
        ("GET /v1/risk", "band") => one_of(&["watch", "hold", "suspend"]),
        ("GET /v1/risk", "status") => one_of(&ReviewState::WORDS),
        ("GET /v1/webhooks/deliveries", "provider") => json!({ "enum": Provider::ALL.map(Provider::word) }),
        ("GET /v1/webhooks/deliveries", "status") => one_of(&[
            "booked",
            "untroubled",
            "handed_on",
            "waiting",
            "parked",
            "refused",
            "stored",
            "unreadable",
            "test_mode",
        ]),
        ("GET /v1/partners", "group" | "tag") => chars(1, 64),
        ("GET /v1/partners", "q") => chars(1, 2_048),
        ("GET /v1/partners", "sort") => one_of(&["created_at", "-created_at"]),
        ("GET /v1/revenue/leads", "source") => of("[A-Za-z0-9._-]", 1, domain::lead::SOURCE_CHARS_MAX),
        (_, "via") => of("[A-Za-z0-9-]", 3, 64),
        (_, "token") => of("[A-Za-z0-9_-]", 0, 200),
        (_, "customer_id") => key(),
        (_, "interval") => one_of(&["day", "week", "month"]),
        _ => return anywhere(parameter),
    })
}
