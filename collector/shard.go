package collector

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of Count exporters that split a location's services. The zero
// value is the only one.
type Shard struct {
	Index, Count int // Index counts from 1
}

// maxShards bounds what finding a service's owner costs.
const maxShards = 1000

// ParseShard reads "2/8". Empty is the only shard.
func ParseShard(text string) (Shard, error) {
	if text == "" {
		return Shard{Index: 1, Count: 1}, nil
	}
	index, count, found := strings.Cut(text, "/")
	i, errIndex := strconv.Atoi(index)
	n, errCount := strconv.Atoi(count)
	switch {
	case !found || errIndex != nil || errCount != nil || i < 1 || i > n:
		return Shard{}, fmt.Errorf("shard %q: want i/n with i from 1 to n, such as 2/8", text)
	case n > maxShards:
		return Shard{}, fmt.Errorf("shard %q: too many shards (want at most %d)", text, maxShards)
	}
	return Shard{Index: i, Count: n}, nil
}

// String is the shard as it is written on the command line.
func (s Shard) String() string {
	if s.Count <= 1 {
		return "1/1"
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Owner is the shard that looks after a service. Each service goes to the
// shard with the highest hash of both names (rendezvous hashing), so another
// shard takes only its share from each.
func (s Shard) Owner(service string) Shard {
	best, owner := uint64(0), 1
	for i := 1; i <= s.Count; i++ {
		if weight := hash(service, strconv.Itoa(i)); weight > best {
			best, owner = weight, i
		}
	}
	return Shard{Index: owner, Count: s.Count}
}

// Owns says whether this shard looks after a service.
func (s Shard) Owns(service string) bool { return s.Count <= 1 || s.Owner(service) == s }
