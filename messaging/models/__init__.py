"""What the app keeps: what is to be said, what came back, and how each channel is doing."""

from messaging.models.audience import Audience
from messaging.models.channels import ChannelState, OptOut
from messaging.models.delivery import Delivery, DeliveryQuerySet, Status
from messaging.models.inbound import InboundMessage, ProviderReport, ReplyMeaning
from messaging.models.mailbox import KeptMessage
from messaging.models.notice import Notice
from messaging.models.template import MessageTemplate

__all__ = [
    "Audience",
    "ChannelState",
    "Delivery",
    "DeliveryQuerySet",
    "InboundMessage",
    "KeptMessage",
    "MessageTemplate",
    "Notice",
    "OptOut",
    "ProviderReport",
    "ReplyMeaning",
    "Status",
]
