#!/usr/bin/env bash
# `make serve`: customers and documents where there are none yet, then the assistant, and links that are signed in.
# usage: tools/serve.sh BIN [PORT]
set -euo pipefail
telecom=$1/telecom port=${2:-8080}

if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  printf '%s\n' "Something listens on port $port already." "→ make serve PORT=$((port + 1))" >&2
  exit 2
fi

scored() { "$telecom" query 'SELECT customer_id FROM telecom_gold.telco_churn_scored LIMIT 1' --format csv | tail -n +2; }

customer=$(scored)
if [ -n "$customer" ]; then
  "$telecom" rag ingest docs/telecom --json >/dev/null
else
  "$telecom" demo # which ends with the documents
  customer=$(scored)
fi
token=$("$telecom" token --agent desk --scopes 'approve:*,read:analytics,review:answers' --seconds 86400)
own=$("$telecom" token --customer "$customer" --seconds 86400)
cat <<END

The assistant is at http://127.0.0.1:$port (Ctrl-C ends it). Open it signed in:

  as an agent            http://127.0.0.1:$port/#token=$token
  as customer $customer  http://127.0.0.1:$port/#token=$own

Or ask it from another terminal:

TOKEN=$token
curl -s http://127.0.0.1:$port/chat -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' \\
  -d '{"message": "Por que a minha fatura aumentou?", "customer_id": "$customer"}'

END
exec "$telecom" serve assistant --port "$port"
