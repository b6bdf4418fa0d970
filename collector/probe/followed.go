package probe

import (
	"os"
	"time"
)

// settled is how old a change must be before a file's time of change says
// whether there was another: such times are coarse.
const settled = 2 * time.Second

// followed is a file that is read again when it changes.
type followed struct {
	path    string
	content []byte
	changed time.Time // as the file said when it was read
	size    int64
	read    time.Time
}

// current is the file's content now, and whether it is another than the last
// time. It costs one look at the file's time of change as long as that stays.
func (f *followed) current() (content []byte, fresh bool, err error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, false, err
	}
	if f.content != nil && info.ModTime().Equal(f.changed) && info.Size() == f.size && f.read.Sub(f.changed) > settled {
		return f.content, false, nil
	}
	now := time.Now()
	content, err = os.ReadFile(f.path)
	if err != nil {
		return nil, false, err
	}
	fresh = f.content == nil || string(content) != string(f.content)
	f.content, f.changed, f.size, f.read = content, info.ModTime(), info.Size(), now
	return content, fresh, nil
}
