BEGIN TRANSACTION;
CREATE TABLE history_schema (
 version INTEGER NOT NULL
);
INSERT INTO "history_schema" VALUES(1);
CREATE TABLE labels (
 session_id INTEGER NOT NULL,
 name TEXT NOT NULL,
 value TEXT NOT NULL,
 PRIMARY KEY (session_id, name),
 FOREIGN KEY(session_id) REFERENCES sessions (id)
);
INSERT INTO "labels" VALUES(1,'commit','a');
INSERT INTO "labels" VALUES(1,'branch','main');
INSERT INTO "labels" VALUES(2,'board','h7');
CREATE TABLE series (
 id INTEGER NOT NULL,
 "key" TEXT NOT NULL,
 task TEXT NOT NULL,
 mode TEXT NOT NULL,
 board TEXT NOT NULL,
 simulated BOOLEAN NOT NULL,
 PRIMARY KEY (id),
 UNIQUE ("key")
);
INSERT INTO "series" VALUES(1,'["kws", "performance", "acme-board", false, "kws01", "", "", "", null]','kws','performance','acme-board',0);
INSERT INTO "series" VALUES(2,'["kws", "energy", "h7", true, "kws01", "", "", "", 3.0]','kws','energy','h7',1);
CREATE TABLE sessions (
 id INTEGER NOT NULL,
 series_id INTEGER NOT NULL,
 identity TEXT,
 content_sha256 TEXT NOT NULL,
 begun_s DOUBLE NOT NULL,
 session TEXT,
 session_id TEXT,
 log_sha256 TEXT,
 task TEXT,
 mode TEXT,
 round TEXT,
 purpose TEXT,
 verdict TEXT,
 reason TEXT,
 violations BIGINT,
 warnings BIGINT,
 simulated BOOLEAN,
 created_utc TEXT,
 tool TEXT,
 tool_version TEXT,
 dialect TEXT,
 system TEXT,
 board TEXT,
 device TEXT,
 profile TEXT,
 model_id TEXT,
 model_sha256 TEXT,
 inputs_list TEXT,
 inputs_sha256 TEXT,
 monitor TEXT,
 monitor_serial TEXT,
 supply_v DOUBLE,
 iterations BIGINT,
 warmups BIGINT,
 windows BIGINT,
 throughput_per_s DOUBLE,
 throughput_variation DOUBLE,
 latency_s DOUBLE,
 energy_per_inference_j DOUBLE,
 energy_variation DOUBLE,
 power_w DOUBLE,
 accuracy DOUBLE,
 accuracy_target DOUBLE,
 top1 DOUBLE,
 auc DOUBLE,
 inputs BIGINT,
 inputs_listed BIGINT,
 true_positives BIGINT,
 false_negatives BIGINT,
 false_positives BIGINT,
 duty_cycle DOUBLE,
 audio_drift_ppm DOUBLE,
 PRIMARY KEY (id),
 FOREIGN KEY(series_id) REFERENCES series (id),
 UNIQUE (identity),
 UNIQUE (content_sha256)
);
INSERT INTO "sessions" VALUES(1,1,'20260101000100 of acme-board, kws performance','0000000000000000000000000000000000000000000000000000000000000001',1767225660.0,'20260101_000100_kws','20260101000100',NULL,'kws','performance','v1.2','submission','valid',NULL,0,0,0,'2026-01-01T00:01:00+00:00','tinyrunner',NULL,NULL,NULL,NULL,'acme-board',NULL,'kws01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0125,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sessions" VALUES(2,2,'20260101000200 of h7, kws energy','0000000000000000000000000000000000000000000000000000000000000002',1767225720.0,'20260101_000200_kws','20260101000200',NULL,'kws','energy','v1.2','submission','valid',NULL,0,0,1,'2026-01-01T00:02:00+00:00','tinyrunner',NULL,NULL,NULL,NULL,'acme-board',NULL,'kws01',NULL,NULL,NULL,NULL,NULL,3.0,NULL,NULL,NULL,NULL,NULL,NULL,0.000125,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX sessions_by_time ON sessions (begun_s, id);
CREATE INDEX sessions_by_series ON sessions (series_id, begun_s, id);
CREATE INDEX labels_by_value ON labels (name, value, session_id);
COMMIT;
