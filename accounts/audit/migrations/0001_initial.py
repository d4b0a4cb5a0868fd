"""The tables of the record, their partitions, and the functions that fill and guard them."""

from django.db import migrations, models

TABLES = """
CREATE TABLE audit_event (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    table_name text NOT NULL,
    row_id text,
    action text NOT NULL CHECK (action IN ('insert', 'update', 'delete', 'truncate')),
    changed jsonb NOT NULL DEFAULT '{}',
    actor_id bigint,
    request_id uuid,
    address inet,
    source text NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_event_row ON audit_event (table_name, row_id, id);
CREATE INDEX audit_event_actor ON audit_event (actor_id, id);
CREATE INDEX audit_event_xid ON audit_event (xid);

CREATE TABLE audit_access (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    patient_id bigint NOT NULL,
    actor_id bigint,
    view text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('view', 'list', 'search', 'print', 'export', 'api', 'live')),
    reason text NOT NULL DEFAULT '',
    session text NOT NULL DEFAULT '',
    request_id uuid,
    address inet,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_access_patient ON audit_access (patient_id, id);
CREATE INDEX audit_access_actor ON audit_access (actor_id, id);
CREATE INDEX audit_access_session ON audit_access (session, at);
CREATE INDEX audit_access_xid ON audit_access (xid);

CREATE TABLE audit_event_default PARTITION OF audit_event DEFAULT;
CREATE TABLE audit_access_default PARTITION OF audit_access DEFAULT;

CREATE TABLE audit_link (
    seq bigint PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('event', 'access', 'mark', 'dropped')),
    row_id bigint NOT NULL,
    row_at timestamptz NOT NULL,
    note text NOT NULL DEFAULT '',
    row_hash bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX audit_link_row ON audit_link (kind, row_id) WHERE kind IN ('event', 'access');
CREATE INDEX audit_link_note ON audit_link (kind, seq) WHERE kind IN ('mark', 'dropped');
CREATE INDEX audit_link_sealed ON audit_link USING brin (sealed_at);
"""

FUNCTIONS = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the audit record is only ever added to.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- Arguments: the key's column, the columns of which only the change is noted, the columns left out.
CREATE FUNCTION audit_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- actor|request|address|source, as accounts/audit/who.py writes it
    who text[] := string_to_array(nullif(current_setting('audit.who', true), ''), '|', '');
    before jsonb;
    after jsonb;
    differing jsonb;
BEGIN
    IF TG_OP <> 'TRUNCATE' THEN
        IF TG_OP <> 'INSERT' THEN
            before := to_jsonb(OLD) - string_to_array(TG_ARGV[2], ',');
        END IF;
        IF TG_OP <> 'DELETE' THEN
            after := to_jsonb(NEW) - string_to_array(TG_ARGV[2], ',');
        END IF;
        IF before = after THEN
            RETURN NULL;
        END IF;
        SELECT jsonb_object_agg(key, CASE
                WHEN key = ANY (string_to_array(TG_ARGV[1], ',')) THEN to_jsonb('changed'::text)
                ELSE jsonb_build_array(before -> key, after -> key)
            END)
            INTO differing
            FROM jsonb_object_keys(coalesce(after, before)) AS key
            WHERE coalesce(before -> key, 'null') <> coalesce(after -> key, 'null');
    END IF;
    INSERT INTO public.audit_event (table_name, row_id, action, changed, actor_id, request_id, address, source)
    VALUES (TG_TABLE_NAME, coalesce(before, after) ->> TG_ARGV[0], lower(TG_OP), coalesce(differing, '{}'),
            who[1]::bigint, who[2]::uuid, who[3]::inet, coalesce(who[4], 'sql'));
    RETURN NULL;
END $$;

-- Make the partitions of this month and the next ones; return how many were missing. A month of which
-- rows already lie in the default partition stays there.
CREATE FUNCTION audit_ensure_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    parent text;
    part text;
    first timestamp;
    starts timestamptz;
    ends timestamptz;
    is_used boolean;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_ensure_partitions'));
    FOREACH parent IN ARRAY ARRAY['audit_event', 'audit_access'] LOOP
        FOR n IN 0..months_ahead LOOP
            first := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => n);
            starts := first AT TIME ZONE 'UTC';
            ends := (first + interval '1 month') AT TIME ZONE 'UTC';
            part := parent || to_char(first, '_YYYY_MM');
            CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE at >= $1 AND at < $2)', parent || '_default')
                INTO is_used USING starts, ends;
            CONTINUE WHEN is_used;
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                part, parent, starts, ends);
            EXECUTE format('CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON public.%I '
                'FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()', part);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION audit_note(), audit_ensure_partitions(integer) FROM PUBLIC;
"""

GUARDS = (
    "".join(
        f"""
CREATE TRIGGER audit_only_added BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
        for table in ("audit_event", "audit_access", "audit_link")
    )
    + "".join(
        f"""
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
        for table in ("audit_event_default", "audit_access_default")
    )
    + "SELECT audit_ensure_partitions(3);"
)

UNDO = """
DROP FUNCTION audit_note() CASCADE;
DROP TABLE audit_link, audit_access, audit_event;
DROP FUNCTION audit_ensure_partitions(integer);
DROP FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(TABLES + FUNCTIONS + GUARDS, UNDO),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("table_name", models.TextField()),
                ("row_id", models.TextField(null=True)),
                ("action", models.TextField()),
                ("changed", models.JSONField()),
                ("actor_id", models.BigIntegerField(null=True)),
                ("request_id", models.UUIDField(null=True)),
                ("address", models.GenericIPAddressField(null=True)),
                ("source", models.TextField()),
            ],
            options={"db_table": "audit_event", "managed": False, "default_permissions": ()},
        ),
        migrations.CreateModel(
            name="Access",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("patient_id", models.BigIntegerField()),
                ("actor_id", models.BigIntegerField(null=True)),
                ("view", models.TextField()),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("view", "Opened"),
                            ("list", "In a list"),
                            ("search", "Found by search"),
                            ("print", "Printed"),
                            ("export", "Exported"),
                            ("api", "By another system"),
                            ("live", "On a live board"),
                        ]
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("session", models.TextField(blank=True)),
                ("request_id", models.UUIDField(null=True)),
                ("address", models.GenericIPAddressField(null=True)),
            ],
            options={"db_table": "audit_access", "managed": False, "default_permissions": ()},
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("row_id", models.BigIntegerField()),
                ("row_at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                ("row_hash", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={"db_table": "audit_link", "managed": False, "default_permissions": ()},
        ),
    ]
