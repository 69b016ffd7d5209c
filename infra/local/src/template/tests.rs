use std::collections::BTreeMap;
use std::path::Path;

use super::{Place, Plan, Template};

const SOUND: &str = include_str!("../../tests/support/wayward.yaml");

fn plan(text: &str) -> Result<Plan, String> {
    let template = Template::parse(text).map_err(|e| e.to_string())?;
    template.plan(&Place::default()).map_err(|e| e.to_string())
}

fn sound() -> Plan {
    plan(SOUND).expect("the fixture is sound")
}

#[test]
fn a_sound_template_becomes_a_plan() {
    let plan = sound();
    assert_eq!(plan.functions.keys().collect::<Vec<_>>(), ["listener", "nightly", "picky", "wayward"]);
    assert_eq!(plan.routes[0].function, "wayward");
    assert_eq!(plan.queues["Jobs"].redrive.as_ref().map(|one| one.queue.as_str()), Some("tributary-local-jobs-dead"));
    let source = &plan.queue_sources[0];
    assert_eq!((source.queue.as_str(), source.batch_size, source.partial), ("tributary-local-jobs", 5, true));
    let stream = &plan.stream_sources[0];
    assert_eq!((stream.table.as_str(), stream.max_retries, stream.bisect), ("tributary-local-core", Some(1), true));
    assert_eq!(plan.functions["picky"].timeout_seconds, 1, "Globals hold for each");
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    let rows = [
        ("BatchSize: 5", "BatchSiez: 5", "line 56: Picky.Events.Jobs.BatchSiez: the small cloud does not understand"),
        ("BatchSize: 5", "BatchSize: 0", "line 56: Picky.Events.Jobs.BatchSize: 0 is no whole number"),
        (
            "VisibilityTimeout: 6",
            "VisibilityTimeout: 0",
            "line 55: Picky.Events.Jobs.Queue: the queue hides a message for 0 s",
        ),
        (
            "Type: SQS\n",
            "Type: Kinesis\n",
            "Picky.Events.Jobs: the small cloud does not understand events of type \"Kinesis\"",
        ),
        ("AWS::SQS::Queue", "AWS::SQS::Qeue", "Jobs.Type: the small cloud does not understand resources of type"),
        (
            "!GetAtt Core.StreamArn",
            "!GetAtt Core.StreamArnX",
            "line 66: Listener.Events.Core.Stream: !GetAtt Core.StreamArnX",
        ),
        ("!GetAtt Jobs.Arn", "!GetAtt Jbos.Arn", "Jbos"),
        ("ReportBatchItemFailures", "ReportBatchItemFailure", "FunctionResponseTypes"),
        ("StartingPosition: LATEST", "StartingPosition: NEWEST", "line 67: Listener.Events.Core.StartingPosition"),
        ("[\"INSERT\"]", "[{\"numeric\":[\">\",1]}]", "FilterCriteria: the filter rule"),
        ("${Wayward.Arn}", "${Other.Arn}", "Api.DefinitionBody"),
        ("payloadFormatVersion: \"2.0\"", "payloadFormatVersion: \"1.0\"", "payloadFormatVersion"),
        ("Timeout: 1\n", "Timeout: 1000\n", "Timeout: 1000 is no whole number from 1 to 900"),
        ("MemorySize: 128", "MemorySise: 128", "line 7: Globals.Function.MemorySise"),
        ("maxReceiveCount: 2", "maxRecieveCount: 2", "line 22: Jobs.RedrivePolicy: needs deadLetterTargetArn"),
        ("Resources:", "Resuorces:", "Resuorces"),
        (
            "CodeUri: .\n      Events:\n        Jobs",
            "CodeUri: .\n      Layers: [x]\n      Events:\n        Jobs",
            "Picky.Layers",
        ),
    ];
    for (from, to, expected) in rows {
        assert!(SOUND.contains(from), "{from}");
        let broken = SOUND.replacen(from, to, 1);
        let why = plan(&broken).map(|_| String::new()).unwrap_or_else(|why| why);
        assert!(why.contains(expected), "{to}: expected {expected:?} in {why:?}");
    }
}

#[test]
fn a_schedule_that_is_no_schedule_is_refused() {
    let event = |expression: &str| {
        SOUND.to_owned()
            + &format!(
                "  Later:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: .\n      Events:\n        Night:\n          Type: ScheduleV2\n          Properties:\n            ScheduleExpression: {expression}\n"
            )
    };
    let sound = plan(&event("cron(0 2 * * ? *)")).expect("sound");
    assert_eq!(sound.schedules.len(), 2);
    let why = plan(&event("cron(0 2 * * * *)")).expect_err("both days are given");
    assert!(why.contains("Later.Events.Night.ScheduleExpression: one of day-of-month"), "{why}");
}

#[test]
fn expressions_are_answered_for_this_machine() {
    let text = "
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Mappings:
  Sizes: { dev: { memory: 128 }, prod: { memory: 512 } }
Resources:
  Jobs: { Type: AWS::SQS::Queue }
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: { DefinitionBody: { openapi: 3.0.1, paths: {} } }
  Only:
    Type: AWS::SQS::Queue
    Condition: IsProd
  Work:
    Type: AWS::Serverless::Function
    Properties:
      MemorySize: !FindInMap [Sizes, !Ref Stage, memory]
      Environment:
        Variables:
          JOBS: !Ref Jobs
          ARN: !GetAtt Jobs.Arn
          URL: !Sub https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}
          LITERAL: !Sub '${!Kept}-${Stage}'
          JOINED: !Join ['-', [a, !Ref Stage]]
          CHOSEN: !If [IsProd, p, !If [IsProd, q, d]]
          GONE: !If [IsProd, x, !Ref AWS::NoValue]
";
    let plan = plan(text).expect("understood");
    let work = &plan.functions["work"];
    let said = |name: &str| work.environment.get(name).map(String::as_str);
    assert_eq!(said("JOBS"), Some("https://sqs.us-east-1.amazonaws.com/123456789012/tributary-local-jobs"));
    assert_eq!(said("ARN"), Some("arn:aws:sqs:us-east-1:123456789012:tributary-local-jobs"));
    assert_eq!(said("URL"), Some("http://127.0.0.1:8080"));
    assert_eq!(said("LITERAL"), Some("${Kept}-dev"));
    assert_eq!(said("JOINED"), Some("a-dev"));
    assert_eq!(said("CHOSEN"), Some("d"));
    assert_eq!(said("GONE"), None);
    assert!(!plan.queues.contains_key("Only"));
    assert_eq!(work.memory_mb, 128);

    let parameters = BTreeMap::from([("Stage".to_owned(), "prod".to_owned())]);
    let prod = Template::parse(text).and_then(|one| one.plan(&Place { parameters, ..Place::default() }));
    assert!(prod.expect("understood").queues.contains_key("Only"));
    let parameters = BTreeMap::from([("Stage".to_owned(), "moon".to_owned())]);
    let moon = Template::parse(text).and_then(|one| one.plan(&Place { parameters, ..Place::default() }));
    assert!(moon.is_err_and(|e| e.to_string().contains("line 3: Parameters.Stage: \"moon\"")));
}

#[test]
fn the_template_of_the_house_is_understood() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let template = Template::read(&path).expect("it reads");
    let plan = template.plan(&Place::default()).map_err(|e| e.to_string()).expect("it is understood");
    for (id, function) in &plan.functions {
        assert!(path.with_file_name("functions").join(id).is_dir(), "{} has no folder", function.logical_id);
    }
}

#[test]
fn a_text_that_is_no_template_is_refused() {
    for text in ["", "[]", "a: [", "Resources: {}", "Resources:\n  A: 1\n  A: 2\n"] {
        assert!(plan(text).is_err(), "{text:?}");
    }
}

#[test]
fn the_distribution_of_our_template_is_known_by_a_header_with_a_secret() {
    let template =
        Template::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml"))).expect("ours");
    assert_eq!(template.plan(&Place::default()).expect("a plan").distribution, None, "none unless it is asked for");
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    let asked = [("DomainName", "go.example"), ("DistributionCertificateArn", certificate)];
    let parameters = asked.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let plan = template.plan(&Place { parameters, ..Place::default() }).expect("a plan");
    let found = plan.distribution.expect("a distribution");
    assert_eq!((found.header.as_str(), found.member.as_str()), ("x-tributary-edge-key", "current"));
    assert_eq!(plan.functions["click-tracker"].environment["EDGE_SECRET_ARN"], found.secret);
    assert_eq!(
        template.plan(&Place::default()).expect("a plan").functions["click-tracker"].environment["EDGE_SECRET_ARN"],
        ""
    );
}
