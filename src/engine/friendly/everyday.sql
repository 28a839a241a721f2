-- What analysts write. Each must work; "-- =>" is the first row of its answer.
SELECT count(*) FROM enterprise;
-- => 100
SELECT count(*) FROM 企业登记;
-- => 100
SELECT 名称 FROM 企业登记 WHERE 编号 = 7;
-- => 企业7
select * from ENTERPRISE limit 1;
-- => 1|企业1|1.5|2026-01-02|徐汇
SELECT area, count(*) AS n, sum(amount) FROM enterprise GROUP BY area ORDER BY area DESC;
-- => 浦东|50|3825.0
SELECT area, count(*) FROM enterprise GROUP BY ALL HAVING count(*) > 10 ORDER BY ALL;
WITH big AS (SELECT * FROM enterprise WHERE amount > 100) SELECT count(*) FROM big;
-- => 34
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT y FROM b;
-- => 2
WITH a AS MATERIALIZED (SELECT id FROM enterprise) SELECT count(*) FROM a JOIN a AS b USING (id);
-- => 100
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT sum(n) FROM t;
-- => 55
WITH enterprise AS (SELECT 1 AS one) SELECT * FROM enterprise;
-- => 1
WITH e AS (SELECT * FROM enterprise) SELECT count(*) FROM (SELECT * FROM e WHERE EXISTS (SELECT 1 FROM e AS f WHERE f.id = e.id));
-- => 100
SELECT id, row_number() OVER (PARTITION BY area ORDER BY amount DESC) FROM enterprise QUALIFY row_number() OVER (PARTITION BY area ORDER BY amount DESC) = 1 ORDER BY id;
-- => 99|1
SELECT sum(amount) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM enterprise ORDER BY id LIMIT 2;
-- => 1.5
SELECT e.id, r.n FROM enterprise e, LATERAL (SELECT e.id * 2 AS n) r ORDER BY 1 LIMIT 1;
-- => 1|2
SELECT a.id FROM enterprise a LEFT JOIN enterprise b ON a.id = b.id + 1 WHERE b.id IS NULL;
-- => 1
SELECT id FROM enterprise WHERE id IN (SELECT max(id) FROM enterprise);
-- => 100
SELECT date_trunc('month', day)::DATE AS m, count(*) FROM enterprise GROUP BY m ORDER BY m;
-- => 2026-01-01|30
SELECT strftime(day, '%Y年%m月') FROM enterprise ORDER BY id LIMIT 1;
-- => 2026年01月
SELECT year(day), month(day), dayofweek(day) FROM enterprise ORDER BY id LIMIT 1;
-- => 2026|1|5
SELECT day + INTERVAL 1 MONTH FROM enterprise ORDER BY id LIMIT 1;
-- => 2026-02-02T00:00:00
SELECT date_diff('day', DATE '2026-01-01', DATE '2026-03-01');
-- => 59
SELECT extract(year FROM day) FROM enterprise LIMIT 1;
-- => 2026
SELECT upper('abc') || lower('DEF'), length('区枢'), substring('统一社会信用代码', 3, 2);
-- => ABCdef|2|社会
SELECT regexp_replace('a1b2', '[0-9]', '', 'g'), regexp_extract('沪A12345', '[0-9]+');
-- => ab|12345
SELECT name FROM enterprise WHERE name LIKE '%企业9_' ORDER BY id LIMIT 1;
-- => 企业90
SELECT name FROM enterprise WHERE name ILIKE '%企业5' LIMIT 1;
-- => 企业5
SELECT count(*) FROM enterprise WHERE name SIMILAR TO '企业[0-9]';
-- => 9
SELECT 'abc' ~ 'a.c', 'abc' NOT LIKE 'x%';
-- => true|true
SELECT coalesce(NULL, 1), nullif(1, 1), ifnull(NULL, 2), greatest(1, 2), least(1, 2);
-- => 1|∅|2|2|1
SELECT CASE WHEN id > 50 THEN '大' ELSE '小' END AS k, count(*) FROM enterprise GROUP BY k ORDER BY 2, 1;
-- => 大|50
SELECT round(avg(amount), 2), median(amount), stddev(amount) IS NOT NULL FROM enterprise;
-- => 75.75|75.7|true
SELECT quantile_cont(amount, 0.9) FROM enterprise;
-- => 135.1
SELECT approx_count_distinct(area) FROM enterprise;
SELECT mode(area), any_value(1) FROM enterprise;
SELECT count(*) FILTER (WHERE amount > 75) FROM enterprise;
-- => 50
SELECT string_agg(id::VARCHAR, ',' ORDER BY id) FROM enterprise WHERE id < 4;
-- => 1,2,3
SELECT list(id ORDER BY id)[1:3] FROM enterprise WHERE id < 9;
-- => [1, 2, 3]
SELECT unnest([1, 2, 3]);
-- => 1
SELECT list_transform([1, 2], x -> x * 2);
-- => [2, 4]
SELECT [x * 2 for x in [1, 2] if x > 1];
-- => [4]
SELECT {'a': 1, 'b': '二'};
-- => {'a': 1, 'b': 二}
SELECT MAP {'k': 1}['k'];
-- => 1
SELECT * FROM range(3) t(i);
-- => 0
SELECT * FROM generate_series(1, 3);
-- => 1
SELECT * FROM (VALUES (1, '一'), (2, '二')) v(n, t);
-- => 1|一
VALUES (1), (2);
-- => 1
FROM enterprise SELECT count(*);
-- => 100
SELECT * EXCLUDE (name, day) FROM enterprise ORDER BY id LIMIT 1;
-- => 1|1.5|徐汇
SELECT COLUMNS('^a') FROM enterprise ORDER BY id LIMIT 1;
-- => 1.5|徐汇
SELECT DISTINCT area FROM enterprise ORDER BY 1;
-- => 徐汇
SELECT DISTINCT ON (area) area, id FROM enterprise ORDER BY area, id;
-- => 徐汇|1
SELECT id FROM enterprise UNION SELECT 0 ORDER BY 1 LIMIT 1;
-- => 0
SELECT id FROM enterprise EXCEPT SELECT id FROM enterprise WHERE id > 1;
-- => 1
SELECT id FROM enterprise INTERSECT SELECT 5;
-- => 5
SELECT area, year(day), sum(amount) FROM enterprise GROUP BY ROLLUP (area, year(day)) ORDER BY 3 DESC LIMIT 1;
SELECT area, count(*) FROM enterprise GROUP BY CUBE (area);
SELECT * FROM (SELECT area, id % 2 AS k, amount FROM enterprise) PIVOT (sum(amount) FOR k IN (0, 1)) ORDER BY area;
SELECT * FROM (SELECT id, amount, amount * 2 AS twice FROM enterprise) UNPIVOT (v FOR k IN (amount, twice)) ORDER BY id, k LIMIT 1;
-- => 1|amount|1.5
SELECT * FROM enterprise TABLESAMPLE 10 ROWS;
SELECT TRY_CAST('x' AS INT) IS NULL, CAST('12' AS INT), '3.5'::DECIMAL(4,1);
-- => true|12|3.5
SELECT id, lag(id) OVER w, lead(id) OVER w, first_value(id) OVER w FROM enterprise WINDOW w AS (ORDER BY id) ORDER BY id LIMIT 1;
-- => 1|∅|2|1
SELECT json_extract_string('{"a": "值"}', '$.a');
-- => 值
SELECT 100 * sum(amount) / (SELECT sum(amount) FROM enterprise) FROM enterprise WHERE area = '浦东';
SELECT sha256('abc');
-- => ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
SELECT 7 // 2, 7 % 2, 2 ** 3, -5, abs(-5);
-- => 3|1|8|-5|5
SELECT '合计' AS 项目, sum(amount) AS 金额 FROM enterprise;
-- => 合计|7575.0
