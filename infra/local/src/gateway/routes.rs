//! Which route a request takes: the most specific one, as API Gateway chooses.

use std::collections::BTreeMap;

use crate::template::Route;

#[derive(Debug, Clone)]
enum Segment {
    Literal(String),
    Variable(String),
    Greedy(String),
}

#[derive(Debug, Clone)]
struct Compiled {
    method: String,
    path: String,
    function: String,
    segments: Vec<Segment>,
}

/// The route that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) function: String,
    pub(super) parameters: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub(super) struct Routes(Vec<Compiled>);

impl Routes {
    pub(super) fn new(routes: &[Route]) -> Self {
        Self(routes.iter().map(compile).collect())
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Option<Found> {
        let asked: Vec<&str> = segments(path).collect();
        let fits = self.0.iter().filter(|route| route.method == method || route.method == "ANY");
        let matched = fits
            .filter_map(|route| take(route, &asked).map(|(rank, found)| (rank, route.method == "ANY", route, found)));
        let (_, _, route, parameters) = matched.min_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)))?;
        Some(Found {
            key: if route.path == "/$default" {
                "$default".to_owned()
            } else {
                format!("{} {}", route.method, route.path)
            },
            function: route.function.clone(),
            parameters,
        })
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/').split('/')
}

fn compile(route: &Route) -> Compiled {
    let segment = |text: &str| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        None => Segment::Literal(text.to_owned()),
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Greedy(name.to_owned()),
            None => Segment::Variable(name.to_owned()),
        },
    };
    let default = route.path == "/$default";
    Compiled {
        method: route.method.clone(),
        path: route.path.clone(),
        function: route.function.clone(),
        segments: if default {
            vec![Segment::Greedy("proxy".to_owned())]
        } else {
            segments(&route.path).map(segment).collect()
        },
    }
}

/// How specific the match is, segment by segment (less is more specific), and the parameters.
fn take(route: &Compiled, asked: &[&str]) -> Option<(Vec<u8>, BTreeMap<String, String>)> {
    let mut rank = Vec::new();
    let mut parameters = BTreeMap::new();
    for (index, segment) in route.segments.iter().enumerate() {
        match segment {
            Segment::Literal(text) => {
                (asked.get(index)? == text).then_some(())?;
                rank.push(0);
            }
            Segment::Variable(name) => {
                let text = asked.get(index).filter(|text| !text.is_empty())?;
                parameters.insert(name.clone(), decoded(text));
                rank.push(1);
            }
            Segment::Greedy(name) => {
                let rest = asked.get(index..).filter(|rest| !rest.is_empty())?;
                parameters.insert(name.clone(), decoded(&rest.join("/")));
                rank.push(2);
                return Some((rank, parameters));
            }
        }
    }
    (route.segments.len() == asked.len()).then_some((rank, parameters))
}

/// Percent signs resolved; what is no UTF-8 then stays as it came.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
