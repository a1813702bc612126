"""The database as the last guardian of what leaves the house: a batch is sealed when its files begin, and only a row of
HR's return file takes a payment back."""

from importlib import import_module

from django.db import migrations

guard = import_module("organization.migrations.0002_append_only").guard

# The row of a batch's build is written last of all that is frozen, and seals it: the lines are its total and stand on
# its documents, and each payee's balance is the sum of the lines. Nothing is added afterwards.
SEAL = """
CREATE FUNCTION incentives_batch_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT total_fen FROM incentives_payoutbatch WHERE id = NEW.batch_id)
       <> (SELECT coalesce(sum(e.amount_fen), 0) FROM incentives_payoutline l
           JOIN incentives_rewardentry e ON e.id = l.entry_id WHERE l.batch_id = NEW.batch_id) THEN
        RAISE EXCEPTION 'the total of batch % is not the sum of its lines', NEW.batch_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM incentives_payoutline l
               LEFT JOIN incentives_confirmationline c ON c.entry_id = l.entry_id
               LEFT JOIN incentives_payoutbatch_confirmations m
                      ON m.payoutbatch_id = l.batch_id AND m.confirmation_id = c.confirmation_id
               WHERE l.batch_id = NEW.batch_id AND m.id IS NULL) THEN
        RAISE EXCEPTION 'a line of batch % stands on none of its documents', NEW.batch_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT e.payee_id, sum(e.amount_fen) AS fen FROM incentives_payoutline l
                            JOIN incentives_rewardentry e ON e.id = l.entry_id
                            WHERE l.batch_id = NEW.batch_id AND l.sheet = 'hr' GROUP BY 1) s
               FULL JOIN (SELECT payee_id, due_fen AS fen FROM incentives_payoutbalance
                          WHERE batch_id = NEW.batch_id) b USING (payee_id)
               WHERE s.fen IS DISTINCT FROM b.fen) THEN
        RAISE EXCEPTION 'a balance of batch % is not the sum of the payee''s lines', NEW.batch_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION incentives_batch_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE late bigint;
BEGIN
    SELECT b.batch_id INTO late FROM fresh f JOIN incentives_payoutbuild b ON b.batch_id = f.batch_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'batch % is sealed', late USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION incentives_batch_documents_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM incentives_payoutbuild WHERE batch_id = NEW.payoutbatch_id) THEN
        RAISE EXCEPTION 'batch % is sealed', NEW.payoutbatch_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
"""
DROP_SEAL = """
DROP FUNCTION incentives_batch_seal();
DROP FUNCTION incentives_batch_sealed();
DROP FUNCTION incentives_batch_documents_sealed()
"""

# A line that were refused without the bank's word would be paid twice: the answer to a payment stands in a row of a
# return file, and the lines follow the answer.
ANSWERED = """
CREATE FUNCTION incentives_answer_has_a_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bare bigint;
BEGIN
    SELECT a.id INTO bare
    FROM after a JOIN before b ON b.id = a.id AND b.fate <> a.fate
    WHERE NOT EXISTS (SELECT FROM incentives_payoutreturn f JOIN incentives_payoutreturnrow r ON r.file_id = f.id
                      JOIN organization_employee p ON p.number = r.number
                      WHERE f.batch_id = a.batch_id AND p.id = a.payee_id AND r.fate = a.fate)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'no return file answers balance %', bare USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION incentives_refusal_was_answered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bare bigint;
BEGIN
    SELECT a.id INTO bare
    FROM after a JOIN before b ON b.id = a.id AND a.is_refused AND NOT b.is_refused
    JOIN incentives_rewardentry e ON e.id = a.entry_id
    LEFT JOIN incentives_payoutbalance s
           ON s.batch_id = a.batch_id AND s.payee_id = e.payee_id AND s.fate = 'REFUSED'
    WHERE s.id IS NULL OR a.sheet <> 'hr'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the payment of line % was not refused', bare USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""
DROP_ANSWERED = """
DROP FUNCTION incentives_answer_has_a_row();
DROP FUNCTION incentives_refusal_was_answered()
"""
# Of these tables single rows are already guarded (0002); a build may go on, and is never begun anew.
KEPT = ("payoutbatch", "payoutline", "payoutbalance", "payoutbuild")


def trigger(name: str, when: str, table: str, function: str, *, condition: str = "") -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} {when} {condition} EXECUTE FUNCTION {function}()", f"DROP TRIGGER {name} ON {table}"
    )


def after_inserting(table: str, function: str) -> migrations.RunSQL:
    when = f"AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT"
    return trigger(f"{table}_sealed", when, table, function)


def after_updating(table: str, function: str) -> migrations.RunSQL:
    when = f"AFTER UPDATE ON {table} REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT"
    return trigger(f"{table}_answered", when, table, function)


def no_truncate(table: str) -> migrations.RunSQL:
    return trigger(
        f"{table}_no_truncate",
        f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
        table,
        "ops_refuse_rewrite",
        condition="WHEN (current_setting('ops.may_truncate', true) IS DISTINCT FROM 'on')",
    )


class Migration(migrations.Migration):
    dependencies = [("incentives", "0002_guards")]

    operations = [
        migrations.RunSQL(SEAL, DROP_SEAL),
        trigger(
            "incentives_payoutbuild_seal",
            "BEFORE INSERT ON incentives_payoutbuild FOR EACH ROW",
            "incentives_payoutbuild",
            "incentives_batch_seal",
        ),
        after_inserting("incentives_payoutline", "incentives_batch_sealed"),
        after_inserting("incentives_payoutbalance", "incentives_batch_sealed"),
        guard("incentives_payoutbatch_confirmations"),
        trigger(
            "incentives_batch_documents_sealed",
            "AFTER INSERT ON incentives_payoutbatch_confirmations FOR EACH ROW",
            "incentives_payoutbatch_confirmations",
            "incentives_batch_documents_sealed",
        ),
        trigger(
            "incentives_payoutbuild_fixed",
            "BEFORE UPDATE ON incentives_payoutbuild FOR EACH ROW",
            "incentives_payoutbuild",
            "ops_refuse_rewrite",
            condition="WHEN ((OLD.batch_id, OLD.total_rows) IS DISTINCT FROM (NEW.batch_id, NEW.total_rows) "
            "OR OLD.finished_at IS NOT NULL)",
        ),
        trigger(
            "incentives_payoutbuild_kept",
            "BEFORE DELETE ON incentives_payoutbuild FOR EACH ROW",
            "incentives_payoutbuild",
            "ops_refuse_rewrite",
        ),
        *(no_truncate(f"incentives_{table}") for table in KEPT),
        migrations.RunSQL(ANSWERED, DROP_ANSWERED),
        after_updating("incentives_payoutbalance", "incentives_answer_has_a_row"),
        after_updating("incentives_payoutline", "incentives_refusal_was_answered"),
    ]
