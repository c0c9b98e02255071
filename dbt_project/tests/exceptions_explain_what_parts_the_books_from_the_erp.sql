{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'books_to_gl'}}}) }}
-- A warning: an ERP whose trial balance is not the sum of its own journals shows here too, and stops nothing.
select *
from {{ ref('books_to_gl') }}
where unexplained_minor <> 0
