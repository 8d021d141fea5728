"""The fixed parts of the generated pages."""

COMMANDS = """\
# Commands

Generated from the program: what `--help` prints.
"""

EXIT_CODES = """\
# Exit codes

A public contract, computed by one function. With several operations the first row that fits decides.
`--json` repeats code and reason as `exit_code` and `exit_reason`.

| code | reason | meaning |
| --- | --- | --- |
{rows}

With `--any`, one success is enough for 0. `get --exit-zero` exits 0 whenever every operation was
read. `wait --timeout-exit-code N` replaces 124. 125 to 127 and 137 are left to the shell and to
timeout(1).

A script that only wants to know whether all went well needs nothing but `opwatch wait … && next`.
One that retries what may be retried:

```sh
opwatch wait -p fullstory --timeout 30m "$id"; code=$?
case $code in
  0) echo done ;;
  1|3) echo "it ended, and not well" ;;
  6|124) echo "nobody knows yet: try again later" ;;
  *) exit $code ;;
esac
```
"""

PROVIDERS = """\
# Built-in profiles

Generated from the {count} profiles themselves. `opwatch profile show NAME` prints one with its
parameters, its credential and its notes; `--source` the YAML. *Confidence* says how well the facts
are sourced: `documented` by the vendor, `partly`, or `unverified`; `show` says what is missing.

| profile | API | confidence | documentation |
| --- | --- | --- | --- |
{rows}
"""
