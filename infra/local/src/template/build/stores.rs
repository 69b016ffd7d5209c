//! Tables, queues, buckets, keys and secrets.

use serde_json::{Map, Value, json};

use super::{Reading, Resource};
use crate::template::properties::Properties;
use crate::template::{Bucket, KeyPlan, Plan, QueuePlan, Redrive, Secret, TablePlan};

const SECRET_LENGTH_DEFAULT: u32 = 32;

impl Reading<'_> {
    pub(super) fn table(&mut self, resource: &Resource, properties: &Properties<'_>, plan: &mut Plan) {
        let mut create = Map::new();
        let name = self.reference(&resource.id);
        create.insert("TableName".to_owned(), Value::from(name.as_str()));
        create.insert("BillingMode".to_owned(), Value::from("PAY_PER_REQUEST"));
        if properties.text_or("BillingMode", "PAY_PER_REQUEST") != "PAY_PER_REQUEST" {
            self.faults.push(properties.fault("BillingMode", "only PAY_PER_REQUEST is understood"));
        }
        for needed in ["AttributeDefinitions", "KeySchema"] {
            match properties.get(needed) {
                Some(value) => {
                    create.insert(needed.to_owned(), value.clone());
                }
                None => self.faults.push(properties.fault("", format!("a table needs {needed}"))),
            }
        }
        if let Some(indexes) = properties.get("GlobalSecondaryIndexes") {
            create.insert("GlobalSecondaryIndexes".to_owned(), indexes.clone());
        }
        let stream = properties.get("StreamSpecification").and_then(|spec| spec.get("StreamViewType"));
        if let Some(view) = stream {
            let spec = json!({"StreamEnabled": true, "StreamViewType": view});
            create.insert("StreamSpecification".to_owned(), spec);
        }
        let ttl = properties.get("TimeToLiveSpecification");
        let ttl_attribute = ttl
            .filter(|spec| spec.get("Enabled").map(Value::to_string).as_deref() != Some("false"))
            .and_then(|spec| spec.get("AttributeName"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        let has_stream = stream.is_some();
        let create = Value::Object(create);
        plan.tables.insert(resource.id.clone(), TablePlan { name, create, ttl_attribute, has_stream });
    }

    pub(super) fn queue(&mut self, resource: &Resource, properties: &Properties<'_>, plan: &mut Plan) {
        let redrive = properties.get("RedrivePolicy").and_then(|policy| {
            let arn = policy.get("deadLetterTargetArn").and_then(Value::as_str);
            let count = policy.get("maxReceiveCount").map(Value::to_string);
            let count = count.and_then(|count| count.trim_matches('"').parse().ok());
            match (arn.and_then(|arn| arn.rsplit(':').next()), count) {
                (Some(queue), Some(max_receive_count)) => Some(Redrive { queue: queue.to_owned(), max_receive_count }),
                _ => {
                    let why = "needs deadLetterTargetArn and maxReceiveCount";
                    self.faults.push(properties.fault("RedrivePolicy", why));
                    None
                }
            }
        });
        let faults = &mut self.faults;
        let visibility_seconds = properties.number("VisibilityTimeout", 30, 0..=43_200, faults);
        let delay_seconds = properties.number("DelaySeconds", 0, 0..=900, faults);
        let retention_seconds = properties.number("MessageRetentionPeriod", 345_600, 60..=1_209_600, faults);
        let wait_seconds = properties.number("ReceiveMessageWaitTimeSeconds", 0, 0..=20, faults);
        let queue = QueuePlan {
            name: self.attribute(&resource.id, "QueueName"),
            url: self.reference(&resource.id),
            arn: self.attribute(&resource.id, "Arn"),
            visibility_seconds,
            delay_seconds,
            retention_seconds,
            wait_seconds,
            redrive,
        };
        plan.queues.insert(resource.id.clone(), queue);
    }

    pub(super) fn bucket(&mut self, resource: &Resource, plan: &mut Plan) {
        let name = self.reference(&resource.id);
        plan.buckets.insert(resource.id.clone(), Bucket { name });
    }

    pub(super) fn key(&mut self, resource: &Resource, properties: &Properties<'_>, plan: &mut Plan) {
        let spec = properties.text_or("KeySpec", "SYMMETRIC_DEFAULT");
        plan.keys.insert(resource.id.clone(), KeyPlan { spec });
    }

    pub(super) fn secret(&mut self, resource: &Resource, properties: &Properties<'_>, plan: &mut Plan) {
        let generate = properties.get("GenerateSecretString");
        let text_of = |name: &str| generate.and_then(|spec| spec.get(name)).and_then(Value::as_str).map(str::to_owned);
        let length = generate.and_then(|spec| spec.get("PasswordLength")).and_then(Value::as_u64);
        let name = properties
            .text("Name")
            .unwrap_or_else(|| format!("{}-{}", self.place.stack, super::names::kebab(&resource.id)));
        let secret = Secret {
            name,
            text: properties.text("SecretString"),
            template: text_of("SecretStringTemplate"),
            generated_key: text_of("GenerateStringKey"),
            length: length.and_then(|length| usize::try_from(length).ok()).unwrap_or(SECRET_LENGTH_DEFAULT as usize),
        };
        if let Some(template) = &secret.template
            && serde_json::from_str::<Map<String, Value>>(template).is_err()
        {
            let why = "SecretStringTemplate is no JSON object";
            self.faults.push(properties.fault("GenerateSecretString.SecretStringTemplate", why));
        }
        plan.secrets.insert(resource.id.clone(), secret);
    }
}
