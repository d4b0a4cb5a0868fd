"""German."""

FASTING = {
    "general": "Essen Sie bitte 6 Stunden vor der Ankunft nichts. Klares Wasser ist bis 2 Stunden vorher erlaubt.",
    "regional": "Essen Sie bitte 6 Stunden vor der Ankunft nichts. Klares Wasser ist bis 2 Stunden vorher erlaubt.",
    "sedation": "Essen Sie bitte 6 Stunden vor der Ankunft nichts. Klares Wasser ist bis 2 Stunden vorher erlaubt.",
    "local": "Sie dürfen wie gewohnt essen und trinken.",
}
REPLY = "Antworten Sie 1 = ich komme, 2 = ich kann nicht. STOP beendet diese Nachrichten."
TEXTS = {
    "booked": (
        "Ihr Termin: {hospital}",
        "{hospital}: Ihr Termin ist {date}, {time}, {place}.\n{link}\nFragen: {phone}",
    ),
    "moved": (
        "Ihr Termin hat sich geändert: {hospital}",
        "{hospital}: Ihr Termin hat sich geändert. Neu: {date}, {time}, {place}.\n{link}\nFragen: {phone}",
    ),
    "cancelled": (
        "Ihr Termin ist abgesagt: {hospital}",
        "{hospital}: Ihr Termin am {date} ist abgesagt. Bitte kommen Sie nicht. Wir melden uns.\nFragen: {phone}",
    ),
    "reminder_7_days": (
        "Ihr Termin: {hospital}",
        "{hospital}: Wir erwarten Sie {date}, {time}, {place}.\n{link}\nFalls Sie nicht kommen können: {phone}",
    ),
    "reminder_48_hours": (
        "Ihr Termin: {hospital}",
        "{hospital}: Wir erwarten Sie {date}, {time}, {place}.\n{fasting}\n{link}\nFalls Sie nicht kommen: {phone}",
    ),
    "reminder_24_hours": (
        "Morgen: {hospital}",
        "{hospital}: Wir erwarten Sie {date}, {time}, {place}.\n{fasting}\nWenn Sie krank oder später sind: {phone}",
    ),
    "come_now": (
        "Bitte kommen Sie jetzt: {hospital}",
        "{hospital}: Wir sind bereit. Bitte kommen Sie jetzt: {place}.\nFragen: {phone}",
    ),
    "thank_you": (
        "Danke: {hospital}",
        (
            "{hospital}: Danke für Ihr Vertrauen. Was zu Hause zu tun ist, steht auf dem Blatt von uns.\n{link}\n"
            "Wenn es Ihnen schlechter geht: {phone}"
        ),
    ),
}
