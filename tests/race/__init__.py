"""Many clients fight over the same places through the real services, and keep a ledger of what they were told.

``python -m tests.race --attempts 100000`` runs it; ``--kill`` also kills clients and crashes PostgreSQL.
"""
