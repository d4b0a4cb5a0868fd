"""English."""

FASTING = {
    "general": "Eat nothing for 6 hours before you arrive. Clear water is allowed until 2 hours before.",
    "regional": "Eat nothing for 6 hours before you arrive. Clear water is allowed until 2 hours before.",
    "sedation": "Eat nothing for 6 hours before you arrive. Clear water is allowed until 2 hours before.",
    "local": "You may eat and drink as usual.",
}
REPLY = "Reply 1 = I will come, 2 = I cannot. STOP ends these messages."
TEXTS = {
    "booked": (
        "Your date at {hospital}",
        "{hospital}: your date is {date}, {time}, {place}.\n{link}\nQuestions: {phone}",
    ),
    "moved": (
        "Your date at {hospital} has changed",
        "{hospital}: your date has changed. The new one is {date}, {time}, {place}.\n{link}\nQuestions: {phone}",
    ),
    "cancelled": (
        "Your date at {hospital} is cancelled",
        "{hospital}: your date on {date} is cancelled. Please do not come. We will write to you.\nQuestions: {phone}",
    ),
    "reminder_7_days": (
        "Your date at {hospital}",
        "{hospital}: we expect you on {date}, {time}, {place}.\n{link}\nIf you cannot come: {phone}",
    ),
    "reminder_48_hours": (
        "Your date at {hospital}",
        "{hospital}: we expect you on {date}, {time}, {place}.\n{fasting}\n{link}\nIf you cannot come: {phone}",
    ),
    "reminder_24_hours": (
        "Tomorrow at {hospital}",
        "{hospital}: we expect you on {date}, {time}, {place}.\n{fasting}\nIf you are ill or late: {phone}",
    ),
    "come_now": (
        "Please come now: {hospital}",
        "{hospital}: we are ready for you. Please come now: {place}.\nQuestions: {phone}",
    ),
    "thank_you": (
        "Thank you: {hospital}",
        (
            "{hospital}: thank you for your trust. What to do at home is on the sheet that we gave you.\n{link}\n"
            "If you feel worse: {phone}"
        ),
    ),
    "list_published": ("List of {date}", "The list of {date} is published.\n{link}"),
    "list_changed": ("List of {date} changed", "The list of {date} has changed since it was closed.\n{link}"),
    "team_added": ("New on your list: {date}", "You are on a team: {date}, {time}, {theatre}.\n{link}"),
    "emergency_added": ("Emergency: {theatre}", "An emergency was added: {date}, {time}, {theatre}.\n{link}"),
    "delay": ("Delay: {theatre}", "{theatre} runs {minutes} minutes late.\n{link}"),
    "roster_gap": ("Gap in the roster: {date}", "A team of {date} is not complete.\n{link}"),
    "block_release": ("Block of {date}", "Your block of {date}, {theatre}, will soon be released.\n{link}"),
}
