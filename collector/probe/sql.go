package probe

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// sqlRow is the first row of an answer, as texts; nil when there is none.
type sqlRow struct {
	columns []string
	values  []string
}

// field is a value by the first of several column names that the row has.
func (r sqlRow) field(names ...string) (string, bool) {
	for _, name := range names {
		for i, column := range r.columns {
			if column == name && r.values != nil {
				return r.values[i], true
			}
		}
	}
	return "", false
}

// askSQL runs a query and reads its first row. The rest is read only where the
// connection is used again.
func askSQL(ctx context.Context, conn driver.QueryerContext, query string, again bool) (sqlRow, error) {
	rows, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return sqlRow{}, err
	}
	if again {
		defer func() { _ = rows.Close() }()
	}
	row := sqlRow{columns: rows.Columns()}
	values := make([]driver.Value, len(row.columns))
	switch err := rows.Next(values); {
	case errors.Is(err, io.EOF):
		return row, nil
	case err != nil:
		return row, err
	}
	row.values = make([]string, len(values))
	for i, value := range values {
		row.values[i] = sqlText(value)
	}
	return row, nil
}

// sqlText is a value as a text; a null is nothing.
func sqlText(value driver.Value) string {
	switch v := value.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}

// judgeRow wants a row, and compares its first value.
func (f *findings) judgeRow(query string, row sqlRow, want catalog.Comparison) error {
	if len(row.values) == 0 {
		return misfitf(ReasonBody, "query %s: no row, want at least one", quote(query))
	}
	return f.judge("query "+quote(query), row.values[0], want)
}
