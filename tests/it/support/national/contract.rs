//! What a national provider takes and gives, as its contract says.
use serde_json::{Map, Value, json};

/// The rules by which FranceConnect and ProConnect differ.
#[derive(Clone, Copy)]
pub struct Contract {
    pub label: &'static str,
    /// What its issuer ends in.
    pub path: &'static str,
    /// Parameters of a request; any other is an error page.
    pub listed: &'static [&'static str],
    pub shortest_nonce: usize,
    pub shortest_state: usize,
    /// Each scope with the claims it opens.
    pub scopes: &'static [(&'static str, &'static [&'static str])],
    /// Whether the level is asked for in `acr_values`, mandatory then; in `claims` otherwise.
    pub acr_in_parameter: bool,
    pub levels: &'static [&'static str],
}

pub const FRANCE_CONNECT: Contract = Contract {
    label: "FranceConnect",
    path: "/api/v2",
    listed: &[
        "client_id",
        "acr_values",
        "claims",
        "response_type",
        "nonce",
        "state",
        "redirect_uri",
        "scope",
        "prompt",
        "idp_hint",
        "ui_locales",
    ],
    shortest_nonce: 22,
    shortest_state: 1,
    scopes: &[
        ("openid", &["sub"]),
        ("profile", &["given_name", "family_name", "birthdate", "gender", "preferred_username"]),
        ("birth", &["birthplace", "birthcountry"]),
        ("given_name", &["given_name"]),
        ("family_name", &["family_name"]),
        ("birthdate", &["birthdate"]),
        ("gender", &["gender"]),
        ("birthplace", &["birthplace"]),
        ("birthcountry", &["birthcountry"]),
        ("email", &["email"]),
        ("preferred_username", &["preferred_username"]),
        ("idp_birthdate", &["idp_birthdate"]),
    ],
    acr_in_parameter: true,
    levels: &["eidas1", "eidas2", "eidas3"],
};

pub const PRO_CONNECT: Contract = Contract {
    label: "ProConnect",
    path: "/api/v2",
    listed: &[
        "client_id",
        "acr_values",
        "claims",
        "response_type",
        "nonce",
        "state",
        "redirect_uri",
        "scope",
        "prompt",
        "idp_hint",
    ],
    shortest_nonce: 32,
    shortest_state: 32,
    scopes: &[
        ("openid", &["sub"]),
        ("given_name", &["given_name"]),
        ("usual_name", &["usual_name"]),
        ("email", &["email", "email_verified"]),
        ("uid", &["uid"]),
        ("siret", &["siret"]),
    ],
    acr_in_parameter: false,
    levels: &["eidas1", "eidas0-mfa", "eidas1-mfa", "eidas2", "eidas3"],
};

impl Contract {
    /// Why this request gets an error page instead of a sign-in.
    pub fn refuses(&self, request: &[(String, String)]) -> Option<String> {
        let value = |name: &str| request.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
        for (at, (name, _)) in request.iter().enumerate() {
            if !self.listed.contains(&name.as_str()) {
                return Some(format!("{name} is not a parameter"));
            }
            if request.iter().skip(at + 1).any(|(other, _)| other == name) {
                return Some(format!("{name} is given twice"));
            }
        }
        if value("response_type") != Some("code") {
            return Some("response_type".to_owned());
        }
        if value("nonce").unwrap_or_default().len() < self.shortest_nonce {
            return Some("nonce is too short".to_owned());
        }
        if value("state").unwrap_or_default().len() < self.shortest_state {
            return Some("state is too short".to_owned());
        }
        let scopes: Vec<&str> = value("scope").unwrap_or_default().split(' ').collect();
        let known = |scope: &&str| self.scopes.iter().any(|(name, _)| name == scope);
        if !scopes.contains(&"openid") || !scopes.iter().all(known) {
            return Some("scope".to_owned());
        }
        let asked: Vec<String> = if self.acr_in_parameter {
            value("acr_values").unwrap_or_default().split(' ').map(str::to_owned).collect()
        } else {
            let claims: Value = serde_json::from_str(value("claims").unwrap_or("{}")).unwrap_or_default();
            let values = claims["id_token"]["acr"]["values"].as_array().cloned().unwrap_or_default();
            values.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
        };
        if asked.is_empty() || asked.iter().any(|level| !self.levels.contains(&level.as_str())) {
            return Some("a level is required".to_owned());
        }
        None
    }

    /// What it tells of `person` for these scopes. A presumed date is completed in `birthdate` and whole in
    /// `idp_birthdate`.
    pub fn told(&self, person: &Value, scope: &str) -> Map<String, Value> {
        let mut whole = person.clone();
        if let Some(born) = person["birthdate"].as_str() {
            whole["idp_birthdate"] = json!(born);
            whole["birthdate"] = json!(born.replace("-00", "-01"));
        }
        let opened = self.scopes.iter().filter(|(name, _)| scope.split(' ').any(|asked| asked == *name));
        let claims = opened.flat_map(|(_, claims)| claims.iter());
        claims.filter_map(|claim| Some(((*claim).to_owned(), whole.get(*claim)?.clone()))).collect()
    }
}
