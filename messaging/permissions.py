"""What this app guards."""

SETTLE = "messaging.settle_delivery"
TEMPLATES = "messaging.manage_templates"
