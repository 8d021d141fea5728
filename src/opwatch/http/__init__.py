"""Carrying requests: the only room that knows h11 and the sockets.

async with Client(connections=16, environ=os.environ, user_agent="…") as client:
answer = await client.send(request, timeout=30)
"""
