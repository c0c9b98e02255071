-- By hand: -100 over 3 even weights is -34, -33, -33 (ties by key); 7 over two zero weights is 4 and 3;
-- 10 over weights 1, 1, 4 is 1.67, 1.67, 6.67: floors 1, 1, 6, the two left over go to the largest remainders by key.
with wholes as (
    select 'a' as split_id, 1 as part_no, -100 as total_minor, 1 as weight, -34 as expected
    union all select 'a', 2, -100, 1, -33
    union all select 'a', 3, -100, 1, -33
    union all select 'b', 1, 7, 0, 4
    union all select 'b', 2, 7, 0, 3
    union all select 'c', 1, 10, 1, 2
    union all select 'c', 2, 10, 1, 2
    union all select 'c', 3, 10, 4, 6
    union all select 'd', 1, 0, 5, 0
),

parts as (
    {{ largest_remainder('wholes', ['split_id'], ['part_no'], 'total_minor', 'weight') }}
)

select * from parts
where part_minor <> expected
