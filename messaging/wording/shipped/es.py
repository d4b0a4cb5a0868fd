"""Spanish."""

FASTING = {
    "general": "No coma nada durante las 6 horas antes de llegar. Puede beber agua hasta 2 horas antes.",
    "regional": "No coma nada durante las 6 horas antes de llegar. Puede beber agua hasta 2 horas antes.",
    "sedation": "No coma nada durante las 6 horas antes de llegar. Puede beber agua hasta 2 horas antes.",
    "local": "Puede comer y beber como siempre.",
}
REPLY = "Responda 1 = iré, 2 = no puedo. STOP termina estos mensajes."
TEXTS = {
    "booked": (
        "Su cita en {hospital}",
        "{hospital}: su cita es el {date}, {time}, {place}.\n{link}\nPreguntas: {phone}",
    ),
    "moved": (
        "Su cita en {hospital} ha cambiado",
        "{hospital}: su cita ha cambiado. La nueva es el {date}, {time}, {place}.\n{link}\nPreguntas: {phone}",
    ),
    "cancelled": (
        "Su cita en {hospital} está anulada",
        "{hospital}: su cita del {date} está anulada. Por favor, no venga. Le escribiremos.\nPreguntas: {phone}",
    ),
    "reminder_7_days": (
        "Su cita en {hospital}",
        "{hospital}: le esperamos el {date}, {time}, {place}.\n{link}\nSi no puede venir: {phone}",
    ),
    "reminder_48_hours": (
        "Su cita en {hospital}",
        "{hospital}: le esperamos el {date}, {time}, {place}.\n{fasting}\n{link}\nSi no puede venir: {phone}",
    ),
    "reminder_24_hours": (
        "Mañana en {hospital}",
        "{hospital}: le esperamos el {date}, {time}, {place}.\n{fasting}\nSi está enfermo o llega tarde: {phone}",
    ),
    "come_now": (
        "Por favor, venga ahora: {hospital}",
        "{hospital}: le esperamos ya. Por favor, venga ahora: {place}.\nPreguntas: {phone}",
    ),
    "thank_you": (
        "Gracias: {hospital}",
        (
            "{hospital}: gracias por su confianza. Lo que debe hacer en casa está en la hoja que le dimos.\n{link}\n"
            "Si se siente peor: {phone}"
        ),
    ),
}
