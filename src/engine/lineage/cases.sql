-- Statements over t (a, b, c, d, k), u (k, x, y, s), v (id, val) and w (nothing known of its columns). After each:
--   -- name = origins   for every column of the answer: "t.a" copied, "~ t.a" computed, "? t.a" not certain, "-" nothing
--   -- if origins       what decides which rows there are, when it is anything
--   -- more             there may be other columns
SELECT a FROM t;
-- a = t.a
SELECT a AS x, t.b FROM t;
-- x = t.a
-- b = t.b
SELECT A, T.B FROM T;
-- A = t.a
-- B = t.b
SELECT a + b AS sum FROM t;
-- sum = ~ t.a t.b
SELECT a::VARCHAR AS x, upper(b) AS y FROM t;
-- x = ~ t.a
-- y = ~ t.b
SELECT 1 AS one, 'x' AS two, current_date AS three FROM t;
-- one = -
-- two = -
-- three = -
SELECT * FROM v;
-- id = v.id
-- val = v.val
SELECT v.*, t.a FROM v, t;
-- id = v.id
-- val = v.val
-- a = t.a
SELECT * EXCLUDE (b, c, d, k) FROM t;
-- a = t.a
SELECT * EXCLUDE (k) REPLACE (a + b AS d) FROM t;
-- a = t.a
-- b = t.b
-- c = t.c
-- d = ~ t.a t.b
SELECT * RENAME (val AS value) FROM v;
-- id = v.id
-- value = v.val
FROM v;
-- id = v.id
-- val = v.val
SELECT a FROM t WHERE b > 1;
-- a = t.a
-- if t.b
SELECT a, count(*) AS n FROM t GROUP BY a HAVING max(c) > 1;
-- a = t.a
-- n = -
-- if t.a t.c
SELECT a, sum(b) FILTER (WHERE c > 0) AS s FROM t GROUP BY ALL;
-- a = t.a
-- s = ~ t.b t.c
SELECT a FROM t ORDER BY d LIMIT 3;
-- a = t.a
-- if t.d
SELECT DISTINCT ON (b) a FROM t;
-- a = t.a
-- if t.b
SELECT a, row_number() OVER (PARTITION BY b ORDER BY c) AS r FROM t QUALIFY r = 1;
-- a = t.a
-- r = ~ t.b t.c
-- if t.b t.c
SELECT a + 1 AS x, x * 2 AS y FROM t;
-- x = ~ t.a
-- y = ~ t.a
SELECT a AS b, b AS a FROM t;
-- b = t.a
-- a = t.b
SELECT t.a, u.x FROM t JOIN u ON t.k = u.k;
-- a = t.a
-- x = u.x
-- if t.k u.k
SELECT k, a, x FROM t JOIN u USING (k);
-- k = ~ t.k u.k
-- a = t.a
-- x = u.x
-- if t.k u.k
SELECT * FROM t JOIN u USING (k);
-- a = t.a
-- b = t.b
-- c = t.c
-- d = t.d
-- k = t.k
-- x = u.x
-- y = u.y
-- s = u.s
-- if t.k u.k
SELECT * FROM t FULL JOIN u USING (k);
-- a = t.a
-- b = t.b
-- c = t.c
-- d = t.d
-- k = ~ t.k u.k
-- x = u.x
-- y = u.y
-- s = u.s
-- if t.k u.k
SELECT x FROM t NATURAL JOIN u;
-- x = u.x
-- if t.k u.k
SELECT a FROM t SEMI JOIN u ON t.k = u.k;
-- a = t.a
-- if t.k u.k u.
SELECT e.a, f.a AS other FROM t e LEFT JOIN t f ON e.b = f.c;
-- a = t.a
-- other = t.a
-- if t.b t.c
SELECT p, q FROM v AS z(p, q);
-- p = v.id
-- q = v.val
SELECT z.p FROM (SELECT a AS p, b FROM t WHERE c = 1) z;
-- p = t.a
-- if t.c
SELECT m FROM (SELECT max(a) FROM t) AS z(m);
-- m = ~ t.a
WITH c AS (SELECT a, b + 1 AS e FROM t) SELECT e, a FROM c;
-- e = ~ t.b
-- a = t.a
WITH c(p, q) AS (SELECT a, b FROM t) SELECT q FROM c;
-- q = t.b
WITH c AS (SELECT a FROM t), d AS (SELECT a AS z FROM c) SELECT z FROM d JOIN c ON d.z = c.a;
-- z = t.a
-- if t.a
WITH c AS MATERIALIZED (SELECT a FROM t) SELECT a FROM c;
-- a = t.a
WITH t AS (SELECT 1 AS a) SELECT a FROM t;
-- a = -
WITH RECURSIVE r(n, m) AS (SELECT id, val FROM v UNION ALL SELECT r.m, t.a FROM r JOIN t ON r.n = t.k) SELECT n, m FROM r;
-- n = ~ v.id v.val t.a
-- m = ~ v.val t.a
-- if v.id v.val t.a t.k
SELECT a FROM t UNION ALL SELECT x FROM u;
-- a = t.a u.x
SELECT a, b FROM t UNION BY NAME SELECT val AS b, id FROM v;
-- a = t.a
-- b = t.b v.val
-- id = v.id
SELECT a FROM t EXCEPT SELECT x FROM u;
-- a = t.a
-- if u.x
SELECT a FROM t INTERSECT SELECT x FROM u ORDER BY a;
-- a = t.a
-- if t.a u.x
SELECT (SELECT max(val) FROM v WHERE v.id = t.k) AS top FROM t;
-- top = ~ v.val
-- if v.id t.k
SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k);
-- a = t.a
-- if u.k t.k
SELECT a IN (SELECT x FROM u) AS there FROM t;
-- there = ~ t.a u.x
SELECT l.q FROM t, LATERAL (SELECT t.a + u.x AS q FROM u) l;
-- q = ~ t.a u.x
SELECT CASE WHEN a > 1 THEN b ELSE c END AS pick FROM t;
-- pick = ~ t.a t.b t.c
SELECT coalesce(a, b) AS first, nullif(c, d) AS other FROM t;
-- first = ~ t.a t.b
-- other = ~ t.c t.d
SELECT list_transform([a, b], lambda z: z + c) AS l FROM t;
-- l = ~ t.a t.b t.c
SELECT [z * a FOR z IN [b, c] IF z > d] AS l FROM t;
-- l = ~ t.a t.b t.c t.d
SELECT s.deep.er AS e, u.s.f FROM u;
-- e = ~ u.s
-- f = ~ u.s
SELECT {'p': a, 'q': b} AS st FROM t;
-- st = ~ t.a t.b
SELECT v FROM v;
-- v = ~ v. v.id v.val
SELECT unnest([a, b]) AS e FROM t;
-- e = ~ t.a t.b
-- more
SELECT n.x FROM t, unnest([t.a, t.b]) AS n(x);
-- x = ~ t.a t.b
SELECT i FROM range(10) r(i);
-- i = -
SELECT p + a AS q FROM (VALUES (1, 2), (3, 4)) z(o, p), t;
-- q = ~ t.a
VALUES (1, 2);
-- col0 = -
-- col1 = -
SELECT COLUMNS('a|b') FROM t;
-- ? = ? t.a t.b t.c t.d t.k
-- more
SELECT max(COLUMNS(*)) FROM v;
-- ? = ? v.id v.val
-- more
SELECT n, value FROM v UNPIVOT (value FOR n IN (id, val));
-- n = -
-- value = ~ v.id v.val
SELECT * FROM (PIVOT v ON id IN (1, 2) USING sum(val));
-- more
SELECT anything, count(*) AS n FROM w GROUP BY anything;
-- anything = ? w.
-- n = -
-- if w.
SELECT * FROM w;
-- more
SELECT w.p, t.a FROM w JOIN t ON w.q = t.k;
-- p = ? w.
-- a = t.a
-- if w. t.k
SELECT a FROM t WHERE a > $since AND b = $other;
-- a = t.a
-- if t.a t.b
SELECT a, b FROM t GROUP BY GROUPING SETS ((a, b), (a));
-- a = t.a
-- b = t.b
-- if t.a t.b
SELECT #2 AS second FROM v;
-- second = ~ v.val
SELECT string_agg(b, ',' ORDER BY c) AS l FROM t;
-- l = ~ t.b t.c
SELECT a FROM t, u WHERE t.k = u.k AND u.x BETWEEN t.b AND t.c;
-- a = t.a
-- if t.k u.k u.x t.b t.c
