package board

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALongTimelineShowsTheNewestFirst(t *testing.T) {
	v := incidentView{Timeline: make([]line, mostNewest)}
	require.Len(t, v.Newest(), mostNewest)
	require.Empty(t, v.Earlier(), "nothing is folded away")
	v.Timeline = append(v.Timeline, line{Text: "The incident opened"})
	require.Len(t, v.Newest(), mostNewest)
	require.Equal(t, []line{{Text: "The incident opened"}}, v.Earlier())
}
