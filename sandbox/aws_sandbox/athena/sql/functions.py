"""The functions that the sandbox knows, as `signatures` notes them: Trino's, in DuckDB's words."""

from aws_sandbox.athena.sql.signatures import table

_NULL = "WHEN $1 IS NULL THEN NULL"
_ISO_TIME = (
    "regexp_full_match($1, '[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(T([0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?(Z|[+-]00:?00)?)?')"
)
_ISO_FAIL = "fail('INVALID_FUNCTION_ARGUMENT: not an ISO 8601 time, or (sandbox only) not in UTC')"
_SUBSTRING = "CASE WHEN $2 = 0 OR abs($2) > length($1) THEN '' ELSE substr"
_JSON_SCALAR = "json_valid($1) AND json_type($1, $2) NOT IN ('OBJECT', 'ARRAY')"
_INDEX = "fail('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero')"
_MILLISECONDS = "date_trunc('milliseconds', "

SCALARS = table(
    rf"""
    length(varchar) -> bigint = length($1)
    lower(varchar) -> varchar = lower($1)
    upper(varchar) -> varchar = upper($1)
    trim(varchar) -> varchar = trim($1)
    ltrim(varchar) -> varchar = ltrim($1)
    rtrim(varchar) -> varchar = rtrim($1)
    reverse(varchar) -> varchar = reverse($1)
    replace(varchar, varchar) -> varchar = replace($1, $2, '')
    replace(varchar, varchar, varchar) -> varchar = replace($1, $2, $3)
    translate(varchar, varchar, varchar) -> varchar = translate($1, $2, $3)
    lpad(varchar, bigint, varchar) -> varchar = lpad($1, CAST($2 AS INTEGER), $3)
    rpad(varchar, bigint, varchar) -> varchar = rpad($1, CAST($2 AS INTEGER), $3)
    starts_with(varchar, varchar) -> boolean = starts_with($1, $2)
    strpos(varchar, varchar) -> bigint = strpos($1, $2)
    chr(bigint) -> varchar = chr(CAST($1 AS INTEGER))
    concat(varchar, varchar...) -> varchar = list_reduce([$*], lambda a, b: a || b)
    concat_ws(varchar, varchar...) -> varchar = CASE {_NULL} ELSE concat_ws($*) END
    split(varchar, varchar) -> array(varchar) = string_split($1, $2)
    split_part(varchar, varchar, bigint) -> varchar = CASE WHEN $3 < 1 THEN {_INDEX} ELSE
        string_split($1, $2)[$3] END
    substr(varchar, bigint) -> varchar = {_SUBSTRING}($1, $2) END
    substr(varchar, bigint, bigint) -> varchar = {_SUBSTRING}($1, $2, greatest($3, 0)) END
    substring(varchar, bigint) -> varchar = {_SUBSTRING}($1, $2) END
    substring(varchar, bigint, bigint) -> varchar = {_SUBSTRING}($1, $2, greatest($3, 0)) END

    regexp_like(varchar, regex) -> boolean = regexp_matches($1, $2)
    regexp_extract(varchar, regex) -> varchar = CASE WHEN regexp_matches($1, $2) THEN
        regexp_extract($1, $2) END
    regexp_extract(varchar, regex, bigint) -> varchar = CASE WHEN regexp_matches($1, $2) THEN
        regexp_extract($1, $2, CAST($3 AS INTEGER)) END
    regexp_extract_all(varchar, regex) -> array(varchar) = regexp_extract_all($1, $2)
    regexp_replace(varchar, regex) -> varchar = regexp_replace($1, $2, '', 'g')
    regexp_replace(varchar, regex, replacement) -> varchar = regexp_replace($1, $2, $3, 'g')
    regexp_split(varchar, regex) -> array(varchar) = regexp_split_to_array($1, $2)

    abs(bigint) -> bigint = abs($1)
    abs(decimal) -> $1 = abs($1)
    abs(double) -> double = abs($1)
    ceil(bigint) -> bigint = $1
    ceil(double) -> double = ceil($1)
    ceiling(bigint) -> bigint = $1
    ceiling(double) -> double = ceil($1)
    floor(bigint) -> bigint = $1
    floor(double) -> double = floor($1)
    round(bigint) -> bigint = $1
    round(double) -> double = round($1)
    round(decimal, bigint) -> $1 = round($1, CAST($2 AS INTEGER))
    round(double, bigint) -> double = round($1, CAST($2 AS INTEGER))
    truncate(double) -> double = trunc($1)
    sign(bigint) -> bigint = CAST(sign($1) AS BIGINT)
    sign(double) -> double = CAST(sign($1) AS DOUBLE)
    mod(bigint, bigint) -> bigint = CASE WHEN $2 = 0 THEN fail('DIVISION_BY_ZERO: Division by
        zero') ELSE $1 % $2 END
    power(double, double) -> double = pow($1, $2)
    pow(double, double) -> double = pow($1, $2)
    sqrt(double) -> double = CASE WHEN $1 < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt($1) END
    exp(double) -> double = exp($1)
    ln(double) -> double = CASE WHEN $1 < 0 THEN CAST('NaN' AS DOUBLE) WHEN $1 = 0 THEN
        CAST('-Infinity' AS DOUBLE) ELSE ln($1) END
    is_nan(double) -> boolean = isnan($1)
    is_finite(double) -> boolean = isfinite($1)
    greatest(T, T...) -> T = CASE WHEN len(list_filter([$*], lambda one: one IS NULL)) = 0 THEN
        greatest($*) END
    least(T, T...) -> T = CASE WHEN len(list_filter([$*], lambda one: one IS NULL)) = 0 THEN
        least($*) END


    from_unixtime(double) -> timestamptz = {_MILLISECONDS}to_timestamp($1))
    to_unixtime(timestamptz) -> double = epoch($1)
    from_iso8601_timestamp(varchar) -> timestamptz = CASE {_NULL} WHEN {_ISO_TIME} THEN
        {_MILLISECONDS}CAST(regexp_replace($1, 'T$', '') AS TIMESTAMPTZ)) ELSE {_ISO_FAIL} END
    from_iso8601_date(varchar) -> date = CASE {_NULL} WHEN regexp_full_match($1,
        '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN CAST($1 AS DATE) ELSE {_ISO_FAIL} END
    to_iso8601(date) -> varchar = strftime($1, '%Y-%m-%d')
    to_iso8601(timestamp) -> varchar = strftime($1, '%Y-%m-%dT%H:%M:%S.%g')
    to_iso8601(timestamptz) -> varchar = strftime($1, '%Y-%m-%dT%H:%M:%S.%gZ')
    date_parse(varchar, mysql) -> timestamp = {_MILLISECONDS}strptime~try_strptime($1, $2))
    date_format(timestamp, mysql) -> varchar = strftime($1, $2)
    date_format(timestamptz, mysql) -> varchar = strftime($1, $2)
    date_trunc(day_unit, date) -> date = CAST(date_trunc('$1', $2) AS DATE)
    date_trunc(unit, timestamp) -> timestamp = date_trunc('$1', $2)
    date_trunc(unit, timestamptz) -> timestamptz = date_trunc('$1', $2)
    date_add(day_unit, bigint, date) -> date =
        CAST($3 + CAST($2 AS INTEGER) * INTERVAL 1 $1 AS DATE)
    date_add(unit, bigint, timestamp) -> timestamp = $3 + CAST($2 AS INTEGER) * INTERVAL 1 $1
    date_add(unit, bigint, timestamptz) -> timestamptz = $3 + CAST($2 AS INTEGER) * INTERVAL 1 $1
    date_diff(day_unit, date, date) -> bigint = datesub('$1', $2, $3)
    date_diff(unit, timestamp, timestamp) -> bigint = datesub('$1', $2, $3)
    date_diff(unit, timestamptz, timestamptz) -> bigint = datesub('$1', $2, $3)
    last_day_of_month(timestamp) -> date = last_day($1)
    last_day_of_month(timestamptz) -> date = last_day(CAST($1 AS TIMESTAMP))
    to_milliseconds(interval) -> bigint = CAST(epoch($1) * 1000 AS BIGINT)

    json_parse(varchar) -> json = CASE {_NULL} WHEN json_valid($1) THEN json($1)
        ELSE fail('INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON') END
    json_format(json) -> varchar = CAST($1 AS VARCHAR)
    json_extract(varchar, path) -> json = CASE WHEN json_valid($1) THEN json_extract($1, $2) END
    json_extract(json, path) -> json = json_extract($1, $2)
    json_extract_scalar(varchar, path) -> varchar = CASE WHEN {_JSON_SCALAR} THEN
        json_extract_string($1, $2) END
    json_extract_scalar(json, path) -> varchar = CASE WHEN {_JSON_SCALAR} THEN
        json_extract_string($1, $2) END
    json_array_length(varchar) -> bigint = CASE WHEN json_valid($1) AND json_type($1) = 'ARRAY'
        THEN CAST(json_array_length($1) AS BIGINT) END
    json_array_length(json) -> bigint = CASE WHEN json_type($1) = 'ARRAY' THEN
        CAST(json_array_length($1) AS BIGINT) END

    cardinality(array(T)) -> bigint = CAST(len($1) AS BIGINT)
    cardinality(map(K,V)) -> bigint = CAST(cardinality($1) AS BIGINT)
    element_at(array(T), bigint) -> T = CASE WHEN $2 = 0 THEN fail('INVALID_FUNCTION_ARGUMENT: SQL
        array indices start at 1') ELSE list_extract($1, $2) END
    element_at(map(K,V), K) -> V = $1[$2]
    contains(array(T), T) -> boolean = CASE WHEN list_contains($1, $2) THEN TRUE WHEN
        len(list_filter($1, lambda one: one IS NULL)) > 0 THEN NULL ELSE list_contains($1, $2) END
    array_position(array(T), T) -> bigint = CASE {_NULL} ELSE CAST(coalesce(list_position($1, $2),
        0) AS BIGINT) END
    array_join(array(varchar), varchar) -> varchar = array_to_string($1, $2)
    array_sort(array(T)) -> array(T) = list_sort($1, 'ASC', 'NULLS LAST')
    array_max(array(T)) -> T = CASE WHEN len(list_filter($1, lambda one: one IS NULL)) = 0 THEN
        list_max($1) END
    array_min(array(T)) -> T = CASE WHEN len(list_filter($1, lambda one: one IS NULL)) = 0 THEN
        list_min($1) END
    map_keys(map(K,V)) -> array(K) = map_keys($1)
    map_values(map(K,V)) -> array(V) = map_values($1)
    map(array(K), array(V)) -> map(K,V) = MAP($1, $2)
    sequence(bigint, bigint) -> array(bigint) = generate_series($1, $2)
    sequence(bigint, bigint, bigint) -> array(bigint) = generate_series($1, $2, $3)
    sequence(date, date) -> array(date) = CAST(generate_series($1, $2, INTERVAL 1 DAY) AS DATE[])
    sequence(date, date, interval) -> array(date) = CAST(generate_series($1, $2, $3) AS DATE[])
    sequence(timestamp, timestamp, interval) -> array(timestamp) = generate_series($1, $2, $3)
    """
)

_PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week",
    "week_of_year": "week", "day": "day", "day_of_month": "day", "day_of_week": "isodow",
    "dow": "isodow", "day_of_year": "dayofyear", "doy": "dayofyear", "year_of_week": "isoyear",
    "yow": "isoyear", "hour": "hour", "minute": "minute",
}  # fmt: skip
PARTS = table(
    "\n".join(
        f"{name}({given}) -> bigint = CAST({part}($1) AS BIGINT)"
        for name, part in _PARTS.items()
        for given in ("timestamp", "timestamptz")
    )
    + "\n"
    + "\n".join(
        f"{name}({given}) -> bigint = CAST({part} AS BIGINT)"
        for name, part in (("second", "second($1)"), ("millisecond", "millisecond($1) % 1000"))
        for given in ("timestamp", "timestamptz")
    )
)
"""Parts of a date or time, which EXTRACT gives too."""

AGGREGATES = table(
    """
    count(T) -> bigint = count($1)
    count_if(boolean) -> bigint = count_if($1) | BIGINT
    sum(bigint) -> bigint = sum($1) | BIGINT
    sum(double) -> double = sum($1)
    avg(bigint) -> double = avg($1)
    avg(decimal) -> $1 = avg($1) | $1
    avg(double) -> double = avg($1)
    min(T) -> T = min($1)
    max(T) -> T = max($1)
    min_by(T, K) -> T = arg_min_null($1, $2)
    max_by(T, K) -> T = arg_max_null($1, $2)
    arbitrary(T) -> T = any_value($1)
    any_value(T) -> T = any_value($1)
    bool_and(boolean) -> boolean = bool_and($1)
    every(boolean) -> boolean = bool_and($1)
    bool_or(boolean) -> boolean = bool_or($1)
    stddev(double) -> double = stddev($1)
    stddev_samp(double) -> double = stddev_samp($1)
    stddev_pop(double) -> double = stddev_pop($1)
    variance(double) -> double = variance($1)
    var_samp(double) -> double = var_samp($1)
    var_pop(double) -> double = var_pop($1)
    array_agg(T) -> array(T) = list($1)
    listagg(varchar, varchar) -> varchar = string_agg($1, $2)
    approx_distinct(T) -> bigint = count(DISTINCT $1)
    approx_percentile(bigint, double) -> bigint = quantile_disc($1, $2)
    approx_percentile(double, double) -> double = quantile_disc($1, $2)
    approx_percentile(bigint, array(double)) -> array(bigint) = quantile_disc($1, $2)
    approx_percentile(double, array(double)) -> array(double) = quantile_disc($1, $2)
    """
)
"""approx_distinct and approx_percentile are exact here, which is within Athena's error."""

WINDOWED = table(
    """
    row_number() -> bigint = row_number()
    rank() -> bigint = rank()
    dense_rank() -> bigint = dense_rank()
    percent_rank() -> double = percent_rank()
    cume_dist() -> double = cume_dist()
    ntile(bigint) -> bigint = ntile($1)
    first_value(T) -> T = first_value($1)
    last_value(T) -> T = last_value($1)
    nth_value(T, bigint) -> T = nth_value($1, $2)
    lag(T) -> T = lag($1)
    lag(T, bigint) -> T = lag($1, $2)
    lag(T, bigint, T) -> T = lag($1, $2, $3)
    lead(T) -> T = lead($1)
    lead(T, bigint) -> T = lead($1, $2)
    lead(T, bigint, T) -> T = lead($1, $2, $3)
    """
)
