"""The fixed parts of the generated pages."""

COMMANDS = """\
# Commands

Look up a command and its options here. Generated from the program: what `opwatch help COMMAND` prints.
"""

EXIT_CODES = """\
# Exit codes

To act on the end of a run in a script, test its exit code. The codes are a public contract. With several
operations the first row that fits decides. `--json` repeats code and reason as `exit_code` and
`exit_reason`.

| code | reason | meaning |
| --- | --- | --- |
{rows}

With `--any`, one success is enough for 0. `get --exit-zero` exits with 0 whenever every operation was
read. `wait --timeout-exit-code N` replaces 124. 125 to 127 and 137 are left to the shell and to
timeout(1). A 404 is believed after the profile's grace, mostly 30 s, and at once by `get`; `--grace 5m`
gives what has only just been started that long to be found, with `get` too.

A script that only needs to know whether everything succeeded can use `opwatch wait … && next`.
One that tells apart what may be retried:

```sh
code=0
opwatch wait -p fullstory --timeout 30m "$id" || code=$?
case $code in
  0) echo done ;;
  1|3) echo "failed or cancelled" ;;
  6|124) echo "not known yet: try again later" ;;
  *) exit $code ;;
esac
```
"""

PROVIDERS = """\
# Built-in profiles

Find your API here, and use the name of its profile with `-p`. `opwatch profile show NAME` prints a
profile with its parameters, its credential and its notes; `--source` prints the YAML. *Confidence* is
how well the facts are sourced: `documented` by the vendor, `partly`, or `unverified`; `show` reports
what is missing. This page is generated from the {count} profiles.

| profile | API | confidence | documentation |
| --- | --- | --- | --- |
{rows}
"""
