//! Where Stripe is, as functions are told it.

use edge::config::{Reader, variables};

/// Where Stripe is when nothing else is said.
pub const API_URL: &str = "https://api.stripe.com";

/// The address of Stripe's API, from the environment of a function that calls it.
pub fn url(reader: &mut Reader) -> String {
    let url = reader.optional(&variables::STRIPE_API_URL).unwrap_or_else(|| API_URL.to_owned());
    let is_address = url.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some());
    if !is_address {
        reader.fault(&variables::STRIPE_API_URL, "not an http or https address");
    }
    url
}
