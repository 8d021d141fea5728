"""Watch one FullStory export and print its result: ``python watch_export.py ID [BASE_URL]``."""

import asyncio
import sys

import opwatch
from opwatch.domain.events import Finished, Observed


async def main(export: str, base_url: str | None = None) -> int:
    """Return the exit code that ``opwatch wait`` would have had."""
    async for event in opwatch.watch(
        export, profile="fullstory", base_url=base_url, timeout=60, interval=0.2
    ):
        match event:
            case Observed(operation=operation, changed=True) if operation.reading:
                print(operation.id, operation.state, operation.reading.progress)
            case Finished(operations=operations, verdict=verdict):
                for operation in operations:
                    print(operation.outcome, operation.reading and operation.reading.result)
                return verdict.code
            case _:
                pass
    return 70


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
