"""Carrying requests: the only room that knows h11 and the sockets.

    async with Client(connections=16, environ=os.environ, user_agent="…") as client:
        answer = await client.send(request, timeout=30)

What goes wrong is a value, never an exception of the library. Importing this
package does not import h11; entering a ``Client`` does.
"""

from opwatch.http.client import Client
from opwatch.http.redirects import MAX_HOPS, next_hop

__all__ = ["MAX_HOPS", "Client", "next_hop"]
