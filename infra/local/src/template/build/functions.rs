//! Functions and the HTTP API.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Reading, Resource, names};
use crate::template::properties::Properties;
use crate::template::{Cors, FunctionPlan, Plan, Route, Unattended};

/// Processes of a function with routes; one Lambda process handles one event at a time.
const HTTP_CONCURRENCY: usize = 4;
/// Lambda's own number.
const UNATTENDED_RETRIES: u32 = 2;
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
const ANY: &str = "x-amazon-apigateway-any-method";
const OPENAPI_KEYS: &[&str] = &["openapi", "info", "paths", "components", "tags", "x-amazon-apigateway-cors"];
const INTEGRATION_KEYS: &[&str] =
    &["type", "httpMethod", "uri", "payloadFormatVersion", "timeoutInMillis", "connectionType"];

impl Reading<'_> {
    pub(super) fn function(&mut self, resource: &Resource, properties: &Properties<'_>, plan: &mut Plan) {
        let name = names::kebab(&resource.id);
        let runtime = properties.text_or("Runtime", "provided.al2023");
        if !runtime.starts_with("provided.") {
            let why = format!("{runtime} is no runtime of a native binary (provided.al2023)");
            self.faults.push(properties.fault("Runtime", why));
        }
        let variables = properties.get("Environment").and_then(|all| all.get("Variables"));
        let mut environment = BTreeMap::new();
        for (key, value) in variables.and_then(Value::as_object).into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            environment.insert(key.clone(), self.reachable(&text));
        }
        let function = FunctionPlan {
            logical_id: resource.id.clone(),
            full_name: self.reference(&resource.id),
            name: name.clone(),
            memory_mb: properties.number("MemorySize", 128, 128..=10_240, &mut self.faults),
            timeout_seconds: properties.number("Timeout", 3, 1..=900, &mut self.faults),
            environment,
            concurrency: 1,
            unattended: Unattended { retries: UNATTENDED_RETRIES, on_failure: None },
        };
        plan.functions.insert(name, function);
    }

    /// The API's own address, where a template builds it from the API's id, is this machine's.
    fn reachable(&self, text: &str) -> String {
        let public = format!("https://localapi.execute-api.{}.amazonaws.com", self.place.region);
        text.replace(&public, &self.place.http_url)
    }

    pub(super) fn api(&mut self, properties: &Properties<'_>, plan: &mut Plan) {
        let Some(body) = properties.get("DefinitionBody").and_then(Value::as_object) else {
            self.faults.push(properties.fault("", "the routes stand in one DefinitionBody, which is missing"));
            return;
        };
        for key in body.keys().filter(|key| !OPENAPI_KEYS.contains(&key.as_str())) {
            let at = format!("DefinitionBody.{key}");
            self.faults.push(properties.fault(&at, "is not understood in a DefinitionBody"));
        }
        let paths = body.get("paths").and_then(Value::as_object).cloned().unwrap_or_default();
        for (path, methods) in &paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let written = ["DefinitionBody", "paths", path, method];
                self.route(properties, &written, operation, plan);
            }
        }
        let cors = properties.get("CorsConfiguration").or_else(|| body.get("x-amazon-apigateway-cors"));
        plan.cors = cors.and_then(Value::as_object).map(read_cors);
    }

    fn route(&mut self, properties: &Properties<'_>, written: &[&str; 4], operation: &Value, plan: &mut Plan) {
        let [_, _, path, method] = *written;
        let at = written.join(".");
        let upper = match method {
            ANY => "ANY".to_owned(),
            plain if METHODS.contains(&plain) => plain.to_uppercase(),
            other => {
                self.faults.push(properties.fault(&at, format!("{other} is no method")));
                return;
            }
        };
        let Some(integration) = integration_of(properties, operation) else {
            self.faults.push(properties.fault(&at, "a route needs x-amazon-apigateway-integration"));
            return;
        };
        if operation.get("security").is_some() {
            self.faults.push(properties.fault(&at, "security of a route is not understood"));
        }
        for key in integration.keys().filter(|key| !INTEGRATION_KEYS.contains(&key.as_str())) {
            self.faults.push(properties.fault(&at, format!("{key} of an integration is not understood")));
        }
        let said = |key: &str| integration.get(key).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        if said("payloadFormatVersion").as_deref() != Some("2.0") {
            self.faults.push(properties.fault(&at, "only payloadFormatVersion \"2.0\" is understood"));
        }
        let uri = said("uri").unwrap_or_default();
        match self.function_of(&uri) {
            Some(function) => {
                plan.routes.push(Route { method: upper, path: path.to_owned(), function });
            }
            None => self.faults.push(properties.fault(&at, format!("the uri {uri:?} names no function"))),
        }
    }

    fn function_of(&self, uri: &str) -> Option<String> {
        let arn = uri.split("/functions/").nth(1).unwrap_or(uri).trim_end_matches("/invocations");
        let found =
            self.scope.resources.iter().find(|(_, named)| {
                named.attributes.get("Arn").is_some_and(|own| own == arn && own.contains(":function:"))
            });
        found.map(|(id, _)| names::kebab(id))
    }

    /// How many of each function may run: what its sources ask for, and some for its routes.
    pub(super) fn concurrency(&mut self, plan: &mut Plan) {
        for function in plan.functions.values_mut() {
            let http = plan.routes.iter().any(|route| route.function == function.name);
            let mut wanted = if http { HTTP_CONCURRENCY } else { 1 };
            for source in plan.queue_sources.iter().filter(|one| one.function == function.name) {
                wanted += source.concurrency;
            }
            if !http && wanted > 1 {
                wanted -= 1;
            }
            function.concurrency = wanted;
        }
    }
}

/// The integration of an operation; it may stand once among the components and be named by a `$ref`.
fn integration_of<'a>(properties: &'a Properties<'_>, operation: &'a Value) -> Option<&'a Map<String, Value>> {
    let written = operation.get("x-amazon-apigateway-integration")?;
    let Some(pointer) = written.get("$ref").and_then(Value::as_str) else {
        return written.as_object();
    };
    let body = properties.get("DefinitionBody")?;
    body.pointer(pointer.strip_prefix('#')?)?.as_object()
}

fn read_cors(written: &Map<String, Value>) -> Cors {
    // SAM writes AllowOrigins, OpenAPI writes allowOrigins.
    let find = |name: &str| written.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let texts = |name: &str| {
        let items = find(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Cors {
        origins: texts("AllowOrigins"),
        methods: texts("AllowMethods"),
        headers: texts("AllowHeaders"),
        exposed: texts("ExposeHeaders"),
        credentials: find("AllowCredentials").and_then(Value::as_bool).unwrap_or(false),
        max_age_seconds: find("MaxAge").and_then(Value::as_u64).and_then(|age| u32::try_from(age).ok()),
    }
}
