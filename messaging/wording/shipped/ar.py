"""Arabic."""

FASTING = {
    "general": "لا تأكل شيئًا قبل وصولك بست ساعات. يُسمح بالماء الصافي حتى ساعتين قبل الوصول.",
    "regional": "لا تأكل شيئًا قبل وصولك بست ساعات. يُسمح بالماء الصافي حتى ساعتين قبل الوصول.",
    "sedation": "لا تأكل شيئًا قبل وصولك بست ساعات. يُسمح بالماء الصافي حتى ساعتين قبل الوصول.",
    "local": "يمكنك أن تأكل وتشرب كالمعتاد.",
}
REPLY = "أجب 1 = سأحضر، 2 = لا أستطيع. STOP لإيقاف هذه الرسائل."
TEXTS = {
    "booked": ("موعدك في {hospital}", "{hospital}: موعدك {date}، {time}، {place}.\n{link}\nللأسئلة: {phone}"),
    "moved": (
        "تغيّر موعدك في {hospital}",
        "{hospital}: تغيّر موعدك. الموعد الجديد {date}، {time}، {place}.\n{link}\nللأسئلة: {phone}",
    ),
    "cancelled": (
        "أُلغي موعدك في {hospital}",
        "{hospital}: أُلغي موعدك في {date}. نرجو ألا تحضر. سنكتب إليك.\nللأسئلة: {phone}",
    ),
    "reminder_7_days": (
        "موعدك في {hospital}",
        "{hospital}: ننتظرك {date}، {time}، {place}.\n{link}\nإذا لم تستطع الحضور: {phone}",
    ),
    "reminder_48_hours": (
        "موعدك في {hospital}",
        "{hospital}: ننتظرك {date}، {time}، {place}.\n{fasting}\n{link}\nإذا لم تستطع الحضور: {phone}",
    ),
    "reminder_24_hours": (
        "غدًا في {hospital}",
        "{hospital}: ننتظرك {date}، {time}، {place}.\n{fasting}\nإذا كنت مريضًا أو ستتأخر: {phone}",
    ),
    "come_now": (
        "نرجو الحضور الآن: {hospital}",
        "{hospital}: نحن مستعدون لاستقبالك. نرجو الحضور الآن: {place}.\nللأسئلة: {phone}",
    ),
    "thank_you": (
        "شكرًا لك: {hospital}",
        (
            "{hospital}: شكرًا لثقتك. ما يجب فعله في البيت مكتوب في الورقة التي أعطيناك إياها.\n{link}\n"
            "إذا ساءت حالتك: {phone}"
        ),
    ),
}
