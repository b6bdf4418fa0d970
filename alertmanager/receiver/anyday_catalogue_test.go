package receiver_test

// chainOfServices is the catalogue of the days: services that depend on each
// other, three people in turns of eight hours, a backup and a manager. The
// providers come from deliveries.
const chainOfServices = `
links: {board: http://board.example.org, alertmanager: [http://127.0.0.1:1]}
delivery:
  ntfy: {url: http://` + pushHost + `}
  receiver: {url: http://127.0.0.1:10211, token_file: secret}
%s
monitoring: {team: shop}
defaults: {page_after: 1m}
people:
  asha: {name: Asha, contacts: {file: asha.yml}}
  ben: {name: Ben, contacts: {file: ben.yml}}
  chi: {name: Chi, contacts: {file: chi.yml}}
  dee: {name: Dee, contacts: {file: dee.yml}}
  mo: {name: Mo, contacts: {file: mo.yml}}
teams:
  shop: {members: [asha, ben, chi], manager: mo, rota: shop, escalation: page}
rotas:
  shop: {timezone: Europe/London, handover: monday 06:00, shift: 8h, people: [asha, ben, chi], backup: [dee]}
escalations:
  page:
    - {notify: on_call, by: [push, sms], then: [voice after 3m], for: 15m}
    - {notify: backup, by: [voice, sms], every: 5m, for: 15m}
    - {notify: manager, by: [voice, email], every: 10m}
services:
  web: {team: shop, depends_on: [api], probes: {home: {http: {url: http://127.0.0.1:1/}}}}
  api: {team: shop, depends_on: [database], probes: {home: {http: {url: http://127.0.0.1:1/}}}}
  database: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}
  alone: {team: shop, probes: {home: {http: {url: http://127.0.0.1:1/}}}}
`

const (
	withTwilio = `  twilio: {account_sid: AC0123456789abcdef0123456789abcdef, auth_token_file: secret, sms_from: "+44 7700 900000", voice_from: "+44 7700 900001"}`
	withNotify = `  govuk_notify: {api_key_file: key, callback_token_file: secret, url: http://` + govukHost + `, sms_template: ` + govukTemplate + `, email_template: ` + govukTemplate + `}`
)

// deliveries are the providers of the days, in turn: everything by Twilio, and
// texts and mail by GOV.UK Notify first, with calls and what it does not take by
// Twilio.
var deliveries = []string{withTwilio, withNotify + "\n" + withTwilio}
