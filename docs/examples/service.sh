#!/usr/bin/env bash
# A service from the sign-in to the sign-out, in curl (and jq, openssl).
#   ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI SIGNED_OUT_URI ./service.sh
# A real service checks the signature of the ID token by a library: see service.mjs and service.py.
set -euo pipefail

call() { curl --silent --show-error --fail-with-body "$@"; }
own() { call --user "$CLIENT_ID:$CLIENT_SECRET" "$@"; }
random() { openssl rand -base64 32 | tr '+/' '-_' | tr -d '='; }
encoded() { jq --raw-output --null-input --arg text "$1" '$text | @uri'; }
claims() { jq --raw-input 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson' <<<"$1"; }

discovery=$(call "$ISSUER/.well-known/openid-configuration")
at() { jq --raw-output ".$1" <<<"$discovery"; }

# 1. Authorize, with PKCE: the aidant's browser comes to us, and goes back with a code.
state=$(random) nonce=$(random) verifier=$(random)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')
echo "Open: $(at authorization_endpoint)?response_type=code&client_id=$CLIENT_ID&redirect_uri=$(encoded "$REDIRECT_URI")&scope=openid%20profile%20birth&state=$state&nonce=$nonce&code_challenge=$challenge&code_challenge_method=S256"
echo 'The address the browser went back to:'
read -r back
field() { jq --raw-output --raw-input 'split("?")[1] | split("&")[] | split("=") | select(.[0] == "'"$1"'")[1]' <<<"$back"; }
[ "$(field state)" = "$state" ] || { echo 'this answer is to another request' >&2; exit 1; }

# 2. The code against tokens.
tokens=$(own "$(at token_endpoint)" --data-urlencode "code=$(field code)" --data-urlencode "redirect_uri=$REDIRECT_URI" \
  --data grant_type=authorization_code --data "code_verifier=$verifier")
token=$(jq --raw-output .access_token <<<"$tokens")
id_token=$(jq --raw-output .id_token <<<"$tokens")
[ "$(claims "$id_token" | jq --raw-output .nonce)" = "$nonce" ] || { echo 'this token is for another request' >&2; exit 1; }

# 3. Who the user is.
echo 'userinfo:' "$(call --header "authorization: Bearer $token" "$(at userinfo_endpoint)")"

# 4. What the token is worth now: who acts, under which mandate.
worth=$(own "$(at introspection_endpoint)" --data "token=$token")
echo 'introspection:' "$worth"

# 5. May this aidant act for this user, now?
question=$(jq '{subject: {type: "aidant", id: .act.sub, properties: {structure: .act.act.sub}},
  action: {name: "act"}, resource: {type: "user", id: .sub}}' <<<"$worth")
echo 'check:' "$(own "$ISSUER/access/v1/evaluation" --json "$question")"

# 6. What was done. The key makes it safe to send again.
echo 'action:' "$(call --header "authorization: Bearer $token" --header "idempotency-key: $(random)" "$ISSUER/actions" \
  --json '{"type": "tax.declared", "label": "Déclaration de revenus", "reference": "17", "outcome": "done"}')"

# 7. Sign-out, by the browser again.
echo "Open: $(at end_session_endpoint)?id_token_hint=$id_token&post_logout_redirect_uri=$(encoded "$SIGNED_OUT_URI")&state=$state"
