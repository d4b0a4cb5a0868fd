"""Messages are due while everything that carries them is killed, emptied or cut; then what arrived is counted.

``python -m tests.faults`` runs it (``make faults``).
"""
