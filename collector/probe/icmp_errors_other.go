//go:build !linux

package probe

// complain does nothing: a packet that cannot arrive is not answered.
func (s *echoSocket) complain() {}

func (s *echoSocket) complaint() (complaint, bool) { return complaint{}, false }
