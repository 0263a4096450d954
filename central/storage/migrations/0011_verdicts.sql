-- +goose Up

-- The best that came of each output of a cluster (JSON: output to verdict), of
-- which verdict is put together: an output that is silent is not made up for by
-- another that sounds.
ALTER TABLE outbox ADD COLUMN verdicts TEXT NOT NULL DEFAULT '{}';
UPDATE outbox SET verdicts = (
		SELECT json_group_object(output, CASE best WHEN 3 THEN 'heard' WHEN 2 THEN 'silent' ELSE 'unknown' END) FROM (
			SELECT r.output AS output, max(CASE r.evidence ->> '$.verdict' WHEN 'heard' THEN 3 WHEN 'silent' THEN 2 ELSE 1 END) AS best
			FROM runs r WHERE r.cluster = outbox.cluster AND r.order_hash = outbox.order_hash AND r.evidence IS NOT NULL GROUP BY r.output))
	WHERE verdict <> '';
