-- Figures by hand: 5/2 = 2.5 -> 2, 7/2 = 3.5 -> 4, -3/2 = -1.5 -> -2; 1.005 dollars = 100.5 cents -> 100.
-- 9000000000000000001 * 3 / 3 needs more than 64 bits on the way.
with cases as (
    select 'mul_div 5/2' as name, {{ mul_div('5', '1', '2') }} as got, 2 as expected
    union all select 'mul_div -5/2', {{ mul_div('-5', '1', '2') }}, -2
    union all select 'mul_div 7/2', {{ mul_div('7', '1', '2') }}, 4
    union all select 'mul_div -3/2', {{ mul_div('-3', '1', '2') }}, -2
    union all select 'mul_div 100/3', {{ mul_div('10', '10', '3') }}, 33
    union all select 'mul_div wide', {{ mul_div('9000000000000000001', '3', '3') }}, 9000000000000000001
    union all select 'mul_div 0', {{ mul_div('0', '5', '3') }}, 0
    union all select 'half_even 2.5', {{ half_even('cast(2.5 as decimal(18, 6))') }}, 2
    union all select 'half_even 3.5', {{ half_even('cast(3.5 as decimal(18, 6))') }}, 4
    union all select 'half_even -2.5', {{ half_even('cast(-2.5 as decimal(18, 6))') }}, -2
    union all select 'half_even -1.5', {{ half_even('cast(-1.5 as decimal(18, 6))') }}, -2
    union all select 'half_even -1.4', {{ half_even('cast(-1.4 as decimal(18, 6))') }}, -1
    union all select 'to_minor 1.005', {{ to_minor("'1.005'", 2) }}, 100
    union all select 'to_minor 1.015', {{ to_minor("'1.015'", 2) }}, 102
    union all select 'to_minor yen', {{ to_minor("'1200.0'", 0) }}, 1200
    union all select 'to_minor dinar', {{ to_minor("'-0.0015'", 3) }}, -2
    union all select 'to_minor words', coalesce({{ to_minor("'n/a'", 2) }}, -999), -999
    union all select 'to_minor unknown exponent', coalesce({{ to_minor("'1.00'", 'null') }}, -999), -999
)

select * from cases
where got <> expected
