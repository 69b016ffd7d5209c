//! `docs/configuration.md`: what each function reads from its environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use edge::config::{ConfigFaults, Reader, Variable, variables};

use crate::house::capitalised;
use crate::tree;

const HEAD: &str = "# Configuration

This page is made from the code (`UPDATE_DOCS=1 cargo test -p documents`); a test compares the two.

A function reads its environment once, when it starts. What is missing or bad is told all at once, one variable a line,
and the process ends. The values come from `template.yaml`, on AWS and on this machine alike. A value is never shown in
a message: it may be a secret. Secrets themselves are not in the environment: the variable names where they are kept.
";

struct Function {
    name: &'static str,
    variables: &'static [Variable],
    refused: BTreeSet<&'static str>,
}

/// What a function refuses to start without, asked of the function itself.
fn refused<C>(read: impl FnOnce(Reader) -> Result<C, ConfigFaults>) -> BTreeSet<&'static str> {
    let nothing = Reader::from_map(BTreeMap::<String, String>::new());
    read(nothing).err().into_iter().flat_map(|faults| faults.0).map(|fault| fault.name).collect()
}

macro_rules! function {
    ($name:literal, $package:ident) => {
        Function {
            name: $name,
            variables: $package::config::VARIABLES,
            refused: refused($package::config::Config::read),
        }
    };
}

fn functions() -> Vec<Function> {
    vec![
        function!("admin-api", admin_api),
        function!("click-counter", click_counter),
        function!("click-tracker", click_tracker),
        function!("commission-batch", commission_batch),
        function!("event-relay", event_relay),
        function!("membership-keeper", membership_keeper),
        function!("notifier", notifier),
        function!("partner-api", partner_api),
        function!("payout-approval", payout_approval),
        function!("payout-executor", payout_executor),
        function!("report-generator", report_generator),
        function!("revenue-api", revenue_api),
        function!("revenue-recorder", revenue_recorder),
        function!("watchman", watchman),
        function!("webhook-ingest", webhook_ingest),
    ]
}

fn table(text: &mut String, variables: &[Variable]) {
    text.push_str("\n| Variable | Needed | Meaning | For example |\n|---|---|---|---|\n");
    for variable in variables {
        let Variable { name, meaning, required, example } = variable;
        let needed = if *required { "yes" } else { "no" };
        writeln!(text, "| `{name}` | {needed} | {meaning} | `{example}` |").expect("a text takes a line");
    }
}

fn is_shared(variable: &Variable) -> bool {
    variables::EVERY_FUNCTION.contains(variable) || variables::AWS.contains(variable)
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## Every function\n");
    table(&mut text, variables::EVERY_FUNCTION);
    text.push_str(
        "\nWhere AWS is, and as whom. Lambda sets these; the addresses are for the small cloud and for tests.\n",
    );
    table(&mut text, variables::AWS);
    for function in functions() {
        writeln!(text, "\n## {}", function.name).expect("a text takes a line");
        let own: Vec<Variable> = function.variables.iter().filter(|variable| !is_shared(variable)).copied().collect();
        table(&mut text, &own);
    }
    text.push_str("\n## tributary, through the API\n");
    text.push_str("\nThe operator's command reads these from the shell for what it does with a key over the API.\n");
    table(&mut text, variables::COMMAND);
    text
}

#[test]
fn the_page_of_configuration_is_what_the_functions_read() {
    tree::compare("docs/configuration.md", &document());
}

#[test]
fn every_function_is_on_the_page_of_configuration() {
    let named: Vec<&str> = functions().iter().map(|function| function.name).collect();
    assert_eq!(named, tree::functions());
}

#[test]
fn a_function_refuses_to_start_without_exactly_what_its_list_says_is_needed() {
    let everywhere: Vec<&Variable> = variables::EVERY_FUNCTION.iter().chain(variables::AWS).collect();
    for Function { name, variables, refused } in functions() {
        let known = || variables.iter().chain(everywhere.iter().copied());
        let own =
            variables.iter().filter(|variable| variable.required && !is_shared(variable)).map(|variable| variable.name);
        for variable in own {
            assert!(refused.contains(variable), "{name} starts without {variable}, which its list says it needs");
        }
        for variable in &refused {
            let listed = known().any(|known| known.name == *variable && known.required);
            assert!(listed, "{name} refuses to start without {variable}, which its list does not say");
        }
    }
}

#[test]
fn the_template_gives_every_function_what_it_needs() {
    let template = local::template::Template::read(&tree::root().join("template.yaml")).expect("template.yaml reads");
    let plan = template.plan(&local::template::Place::default()).expect("template.yaml is understood");
    let by_lambda: Vec<&str> = variables::AWS.iter().map(|variable| variable.name).collect();
    for Function { name, refused, .. } in functions() {
        let environment =
            &plan.functions.get(name).unwrap_or_else(|| panic!("{name} is not in template.yaml")).environment;
        for variable in refused.iter().filter(|variable| !by_lambda.contains(*variable)) {
            assert!(environment.contains_key(*variable), "template.yaml does not give {variable} to {name}");
        }
    }
}

#[test]
fn every_function_that_calls_stripe_has_its_calls_counted() {
    let template = tree::read("template.yaml");
    let mut callers = 0;
    for Function { name, variables, .. } in functions() {
        let calls = variables.iter().any(|variable| variable.name == "STRIPE_API_URL");
        let logs: String = name.split('-').map(capitalised).collect();
        let filter =
            format!("      LogGroupName: !Ref {logs}Logs\n      FilterPattern: '{{ $.stripe_api_calls_total = 1 }}'\n");
        assert_eq!(template.matches(&filter).count(), usize::from(calls), "{name}");
        callers += usize::from(calls);
    }
    // One figure for all of them, with both of its dimensions.
    let figure = "          MetricName: stripe_api_calls_total
          MetricValue: $.stripe_api_calls_total
          Unit: Count
          Dimensions:
            - { Key: doing, Value: $.doing }
            - { Key: status, Value: $.status }
";
    assert_eq!((callers, template.matches(figure).count()), (4, 4));
    let logged = "tracing::info!(stripe_api_calls_total = 1, doing, status, ";
    assert!(tree::read("shared/stripe/src/accounts.rs").contains(logged), "what the filters look for is logged");
}
