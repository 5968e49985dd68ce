import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

REDIS_URL = os.getenv("REDIS_URL")
TIME_TO_LIVE_S = 300

# Without REDIS_URL the API reads from the database only.
redis_client = redis.Redis.from_url(
    REDIS_URL, decode_responses=True, socket_connect_timeout=5, socket_timeout=5, retry=Retry(NoBackoff(), 1)
) if REDIS_URL else None
