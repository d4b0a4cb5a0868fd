"""PostgreSQL and Redis of our own, for whoever has not named theirs.

Where ``DATABASE_URL`` or ``REDIS_URL`` is unset, the servers inside two wheels run under the data
folder and are reached by unix sockets. A *keeper* process looks after each for as long as anybody
uses it; see :mod:`hospital.embedded.using`. Nothing here imports Django, so it starts at once.
"""
