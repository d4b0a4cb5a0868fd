"""How gunicorn serves the pages, in every mode. Read by gunicorn because of its name."""

import os

bind = os.environ.get("WEB_BIND", "127.0.0.1:8001")
preload_app = True  # a killed worker is replaced at once: the new one is a copy of the parent
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 30
graceful_timeout = 10
keepalive = 75
# A worker makes way for a fresh one now and then, so that no leak can grow for ever.
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # never blocked by a slow disk
# Nobody waits for ever: a lock held by a forgotten psql would take one thread after the other. Commands and
# workers have no such limits, an import or a migration may take its time.
os.environ.setdefault(
    "PGOPTIONS", "-c lock_timeout=10s -c statement_timeout=25s -c idle_in_transaction_session_timeout=60s"
)
control_socket_disable = True
# Only the proxy in front reaches this port or socket, and it overwrites what the client claims.
forwarded_allow_ips = "*"
accesslog = None
errorlog = "-"
loglevel = "warning"
