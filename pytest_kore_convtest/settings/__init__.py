"""The settings: their table here, their types, where each value came from.

Columns: name, kind, where it can be given (o option, i ini key, e environment name), what the option takes,
meaning. Defaults are attributes of ``settings.Settings``. Every pytest run loads this module, so the table is
one string: pytest reads byte code in a way in which each constant has its price. PYTEST_DONT_REWRITE
"""

SETTINGS_TABLE = """\
host | url | oie | URL | base URL; bots.kore.ai means https://bots.kore.ai
stream_id | id | oie | ID | the bot's st-... id (the UI says App ID or Bot ID)
target | word | oie | NAME | a line of kore_targets: sets host and stream
ds_id | jobs | oie | [LABEL=]ID | import job to wait for (repeatable)
client_id | id | oie | ID | client id (cs-...) of the JWT app
client_secret | secret | oie | S | its secret; safer in the environment or in a file
client_secret_file | path | oie | P | file that holds the secret
jwt | secret | oie | TOKEN | a ready token instead of client id and secret
jwt_file | path | oie | P | file that holds the token, read anew for every request
user_email | email | oie | E | userEmailId, needed to import or run a suite
run | version | oie | VERSION | also run imported suites: published or inDevelopment
retry_failed | whole | oie | N | run a suite with failed steps again, up to N times
fail_on | fail_on | oie | WORDS | what makes a run red besides: flaky
repeat | count | oie | N | run each suite N times and judge how often its steps pass
min_pass_rate | rate | oie | RATE | the part of the runs in which a step has to pass, e.g. 0.9
require_assertions | flag | oie |  | a step that asserts nothing is a failure, not a warning
import_name | template | oie | T | name given to imported suites
keep | keep | oie | WHEN | imported suites are kept: always, on-failure, never
unconfigured | unconfigured | oie | W | tests without a configured Kore: error or skip
timeout | seconds | oie | S | seconds one job may take in all, from its first request
html | report | oie | P | write an HTML report there
json | report | oie | P | write a JSON report there
markdown | markdown | oie | P | write a Markdown report there; github: to the job summary
shard | shard | oie | I/N | import and run the I-th of N parts of the suites, on one of N machines
update | flag | o |  | write what the bot answered into the suite files, where only texts differ
emulator | flag | o e |  | use the built-in emulator, no account needed
emulator_speed | speed | o e | SPEED | the emulator's jobs and our pauses: fast, or real
bot | path | oie | P | what the emulated bot answers, JSON or YAML: {input: [reply, ...]}
bot_definition | path | oie | P | a bot's export (zip or JSON): coverage of what the bot has
cov_fail_under | percent | oie | N | percent of the bot's own transitions to be covered
baseline | report | oie | P | accepted failures, or the report of an earlier run to compare with
history | history | oie | DIR | keep a line of every run there; cache: in pytest's cache
gate | flag | o |  | collect the import gate and nothing else
doctor | flag | o |  | check the configuration and the way to the platform, run no test
bot_language | language | ie |  | bot-language header
poll_interval | seconds | ie |  | shortest pause between two polls of one job, seconds
max_poll_interval | seconds | ie |  | longest pause between two polls of one job, seconds
request_timeout | seconds | ie |  | seconds one HTTP exchange may take in total
outage_budget | seconds | ie |  | seconds without a usable answer before giving up
stall_timeout | seconds_or_off | ie |  | seconds without any change before giving up, or off
max_parallel | count | ie |  | jobs under way at once
rate_limit | flag | ie |  | keep the platform's 60/minute and 1800/hour on our side
rate_share | share | ie |  | this machine's part of these limits, e.g. 1/4; with shards one each
ca_bundle | path | ie |  | CA certificates; else the operating system's store
client_cert | path | ie |  | client certificate (PEM with key)
no_verdict_exit | exit_code | ie |  | exit code when something was not found out, or off
suite_files | globs | i |  | globs of suite files
rules | rules | ie |  | what findings do: lines of RULE = error, warning or off
targets | targets | i |  | known bots: lines of NAME HOST STREAM [protected]
"""
