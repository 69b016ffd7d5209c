//! The names that AWS would give: what Ref and GetAtt answer.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Resource;
use crate::template::{Fault, Named, Place, Scope, Template};

/// Parameters with their defaults or this place's answers, and the pseudo parameters.
pub(super) fn parameters(template: &Template, place: &Place, faults: &mut Vec<Fault>) -> Scope {
    let mut parameters = BTreeMap::new();
    for (name, written) in template.section("Parameters") {
        let given = place.parameters.get(&name).map(|text| Value::String(text.clone()));
        match given.or_else(|| written.get("Default").cloned()) {
            Some(value) => {
                let allowed = written.get("AllowedValues").and_then(Value::as_array);
                let text = as_text(&value);
                if allowed.is_some_and(|all| !all.iter().any(|one| as_text(one) == text)) {
                    let why = format!("{text:?} is none of the allowed values");
                    faults.push(template.fault(&["Parameters", &name], why));
                }
                parameters.insert(name, Value::String(text));
            }
            None => {
                faults.push(template.fault(&["Parameters", &name], "has no default and was not given (--parameter)"))
            }
        }
    }
    let pseudo = [
        ("AWS::AccountId", place.account.as_str()),
        ("AWS::Partition", "aws"),
        ("AWS::Region", place.region.as_str()),
        ("AWS::StackId", place.stack.as_str()),
        ("AWS::StackName", place.stack.as_str()),
        ("AWS::URLSuffix", "amazonaws.com"),
    ];
    for (name, value) in pseudo {
        parameters.insert(name.to_owned(), Value::from(value));
    }
    Scope {
        parameters,
        conditions: template.section("Conditions"),
        mappings: template.section("Mappings"),
        resources: BTreeMap::new(),
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Names of everything that runs, and placeholders for what only a deployment has.
pub(super) fn resources(resources: &[Resource], place: &Place, scope: &mut Scope) {
    for resource in resources {
        let name = explicit_name(resource, scope).unwrap_or_else(|| format!("{}-{}", place.stack, kebab(&resource.id)));
        let named = place.minted.get(&resource.id).cloned().unwrap_or_else(|| named(&resource.kind, &name, place));
        scope.resources.insert(resource.id.clone(), named);
    }
}

fn explicit_name(resource: &Resource, scope: &Scope) -> Option<String> {
    let property = match resource.kind.as_str() {
        "AWS::DynamoDB::Table" => "TableName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::SecretsManager::Secret" => "Name",
        "AWS::Serverless::Function" => "FunctionName",
        _ => return None,
    };
    let value = scope.resolve(resource.properties.get(property)?).ok()??;
    Some(as_text(&value))
}

fn named(kind: &str, name: &str, place: &Place) -> Named {
    let Place { region, account, http_url, .. } = place;
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:{region}:{account}:{rest}");
    let (reference, attributes) = match kind {
        "AWS::DynamoDB::Table" => {
            let table = arn("dynamodb", &format!("table/{name}"));
            let stream = format!("{table}/stream/local");
            (name.to_owned(), vec![("Arn", table), ("StreamArn", stream)])
        }
        "AWS::SQS::Queue" => {
            let url = format!("https://sqs.{region}.amazonaws.com/{account}/{name}");
            let attributes = vec![("Arn", arn("sqs", name)), ("QueueName", name.to_owned()), ("QueueUrl", url.clone())];
            (url, attributes)
        }
        "AWS::S3::Bucket" => (
            name.to_owned(),
            vec![
                ("Arn", format!("arn:aws:s3:::{name}")),
                ("DomainName", format!("{name}.s3.amazonaws.com")),
                ("RegionalDomainName", format!("{name}.s3.{region}.amazonaws.com")),
            ],
        ),
        "AWS::KMS::Key" => {
            let key = arn("kms", &format!("key/{name}"));
            (name.to_owned(), vec![("Arn", key), ("KeyId", name.to_owned())])
        }
        "AWS::SecretsManager::Secret" => {
            let secret = arn("secretsmanager", &format!("secret:{name}"));
            (secret.clone(), vec![("Id", secret)])
        }
        "AWS::Serverless::Function" => (name.to_owned(), vec![("Arn", arn("lambda", &format!("function:{name}")))]),
        "AWS::ApiGatewayV2::DomainName" => (name.to_owned(), vec![("RegionalDomainName", format!("{name}.example"))]),
        "AWS::CloudFront::Distribution" => (name.to_owned(), vec![("DomainName", format!("{name}.example"))]),
        "AWS::Serverless::HttpApi" => ("localapi".to_owned(), vec![("ApiEndpoint", http_url.clone())]),
        _ => (name.to_owned(), vec![("Arn", arn("local", name))]),
    };
    let attributes = attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Named { reference, attributes }
}

/// `ClickTracker` → `click-tracker`: the one name everywhere.
pub(super) fn kebab(id: &str) -> String {
    let mut out = String::new();
    for (index, letter) in id.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
