"""The limit: what the framework answers when it takes the same body and does nothing with it.

    python tests/benchmarks/peers/no_op_api.py PORT

The cheapest way that FastAPI has: the endpoint is asynchronous and reads the body's bytes by itself. Declared as a
model, as one usually does, the body would be checked as well, and this limit would be lower. It has the server that the
product has (decision 0023), whatever else is installed.
"""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.post("/events")
async def take(request: Request) -> Response:
    """Read the body and answer it."""
    return Response(await request.body(), status_code=201, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), log_level="info", access_log=False, http="h11", loop="asyncio"
    )
