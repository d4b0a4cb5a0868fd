"""Make the index in which patients are found, and fill it.

Names are split, freed of accents and written down word by word by triggers, so that no writer can forget it. Each
patient's rows are their own: nothing is shared between patients, so that writers never wait for one another here and
the words go with the patient. Patients that are there already are entered in batches while the site goes on; started
again, it goes on where it was stopped.
"""

import django.db.models.deletion
from django.db import connection, migrations, models, transaction

import accounts.encryption.fields
from accounts.encryption.cipher import decrypt_text
from accounts.encryption.fields import is_token

BATCH = 2_000
PHONE = "patients_patient:phone"

SMALL = {
    chr(code): chr(code).lower()
    for code in (*range(0x41, 0x5B), *range(0x370, 0x530))
    if chr(code) != chr(code).lower() and len(chr(code).lower()) == 1
} | dict(zip("ØøŁłĐđÐðĦħŦŧıŊŋς", "oollddddhhttinnσ", strict=True))
LIGATURES = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}
BETWEEN = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02b0-\u02ff\u060c\u061b-\u061f"
    r"\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u3000-\u3003\ufe00-\ufe0f\ufeff\U0001f000-\U0001faff"
)


def _ligatures(text):
    for one, two in LIGATURES.items():
        text = f"replace({text}, '{one}', '{two}')"
    return text


_PLAIN = r"normalize(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g'), NFC)"
_SMALL = f"translate({_ligatures(_PLAIN)}, '{''.join(SMALL)}', '{''.join(SMALL.values())}')"

FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION patients_words(name text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_to_array(trim(CASE
        WHEN name ~ '^[A-Za-z ]*$' THEN lower(regexp_replace(name, ' +', ' ', 'g') COLLATE "C")
        ELSE regexp_replace({_SMALL}, '[{BETWEEN}]+', ' ', 'g')
    END), ' ')
$$;
COMMENT ON FUNCTION patients_words(text) IS
    'The words of a name, as patients/finding/words.py makes them of what is typed';

-- A name of several words is found written as one, too: O'Brien as obrien, van den Berg as vandenberg.
CREATE OR REPLACE FUNCTION patients_words_of_name(family text, given text)
RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT f || g
        || CASE WHEN cardinality(f) > 1 THEN ARRAY[array_to_string(f, '')] ELSE '{{}}' END
        || CASE WHEN cardinality(g) > 1 THEN ARRAY[array_to_string(g, '')] ELSE '{{}}' END
    FROM patients_words(family) AS f, patients_words(given) AS g
$$;

-- Cut, because an entry of an index has at most 2,700 bytes.
CREATE OR REPLACE FUNCTION patients_enter_names(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.patients_nameword (patient_id, word, names, born)
    SELECT patient.id, entry.word, ' ' || left(array_to_string(of_all.words, ' '), 480) || ' ', patient.date_of_birth
    FROM public.patients_patient AS patient,
        LATERAL (
            SELECT public.patients_words_of_name(patient.family_name, patient.given_name) || coalesce((
                SELECT array_agg(further.word)
                FROM public.patients_patientname AS name,
                    unnest(public.patients_words_of_name(name.family_name, name.given_name)) AS further(word)
                WHERE name.patient_id = patient.id
            ), '{{}}') AS words
        ) AS of_all,
        LATERAL (SELECT DISTINCT left(one, 64) AS word FROM unnest(of_all.words) AS one) AS entry
    WHERE patient.id = ANY (ids) AND entry.word <> ''
$$;

CREATE OR REPLACE FUNCTION patients_enter_anew(one bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM public.patients_nameword WHERE patient_id = one;
    SELECT public.patients_enter_names(ARRAY[one]);
$$;

CREATE OR REPLACE FUNCTION patients_names_written() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'patients_patientname' THEN
        -- Two writers of one patient's names take turns, or each would miss what the other wrote.
        IF TG_OP <> 'INSERT' THEN
            PERFORM FROM patients_patient WHERE id = OLD.patient_id FOR NO KEY UPDATE;
            PERFORM patients_enter_anew(OLD.patient_id);
        END IF;
        IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.patient_id <> OLD.patient_id THEN
            PERFORM FROM patients_patient WHERE id = NEW.patient_id FOR NO KEY UPDATE;
            PERFORM patients_enter_anew(NEW.patient_id);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM patients_enter_names((SELECT array_agg(id) FROM written));
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM patients_enter_anew(NEW.id);
    ELSE
        DELETE FROM patients_nameword WHERE patient_id = OLD.id;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER patients_names_added AFTER INSERT ON patients_patient
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION patients_names_written();
CREATE OR REPLACE TRIGGER patients_names_changed AFTER UPDATE ON patients_patient FOR EACH ROW
    WHEN ((OLD.family_name, OLD.given_name, OLD.date_of_birth)
        IS DISTINCT FROM (NEW.family_name, NEW.given_name, NEW.date_of_birth))
    EXECUTE FUNCTION patients_names_written();
CREATE OR REPLACE TRIGGER patients_names_gone AFTER DELETE ON patients_patient
    FOR EACH ROW EXECUTE FUNCTION patients_names_written();
CREATE OR REPLACE TRIGGER patients_names_written AFTER INSERT OR UPDATE OR DELETE ON patients_patientname
    FOR EACH ROW EXECUTE FUNCTION patients_names_written();
"""

UNDO = """
DROP FUNCTION IF EXISTS patients_names_written() CASCADE;
DROP FUNCTION IF EXISTS patients_enter_anew(bigint);
DROP FUNCTION IF EXISTS patients_enter_names(bigint[]);
DROP FUNCTION IF EXISTS patients_words_of_name(text, text);
DROP FUNCTION IF EXISTS patients_words(text);
"""


def enter_names(apps, schema_editor):
    after = -(2**63)
    while after is not None:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT id FROM patients_patient AS patient WHERE id > %s
                    AND NOT EXISTS (SELECT FROM patients_nameword AS word WHERE word.patient_id = patient.id)
                ORDER BY id LIMIT %s FOR NO KEY UPDATE
                """,
                [after, BATCH],
            )
            ids = [row[0] for row in cursor.fetchall()]
            cursor.execute("SELECT patients_enter_names(%s::bigint[])", [ids])
        after = ids[-1] if ids else None


def enter_phones(apps, schema_editor):
    from patients.models import phone_index

    after = -(2**63)
    while after is not None:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT id, phone FROM patients_patient WHERE id > %s AND phone <> '' AND phone_index IS NULL
                ORDER BY id LIMIT %s FOR NO KEY UPDATE
                """,
                [after, BATCH],
            )
            rows = cursor.fetchall()
            clear = [decrypt_text(phone, purpose=PHONE) if is_token(phone) else phone for _, phone in rows]
            cursor.execute(
                """
                UPDATE patients_patient SET phone_index = fresh.value
                FROM unnest(%s::bigint[], %s::text[]) AS fresh(id, value) WHERE patients_patient.id = fresh.id
                """,
                [[pk for pk, _ in rows], [phone_index(phone) for phone in clear]],
            )
        after = rows[-1][0] if rows else None


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("patients", "0009_documents"),
    ]

    operations = [
        migrations.AddField(
            model_name="patient",
            name="phone_index",
            field=accounts.encryption.fields.BlindIndexField(shared=True, source="phone_ending"),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["date_of_birth"], name="patient_born"),
        ),
        migrations.CreateModel(
            name="NameWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.TextField(db_collation="C")),
                ("names", models.TextField(db_collation="C")),
                ("born", models.DateField(null=True)),
                (
                    "patient",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="name_words",
                        to="patients.patient",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["word", "names", "patient", "born"], name="nameword_in_order")],
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(FUNCTIONS, UNDO),
        migrations.RunPython(enter_names, migrations.RunPython.noop),
        migrations.RunPython(enter_phones, migrations.RunPython.noop),
    ]
