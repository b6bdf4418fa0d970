package catalog

// Resource is one thing with memory and CPU, or a set of disks: exactly one
// source is set. MemoryLimit (bytes) and CPULimit (cores) overrule what the
// source says and are needed where it cannot know; 0 means no limit is declared.
type Resource struct {
	Name         string                `yaml:"-"`
	MemoryLimit  Bytes                 `yaml:"memory_limit,omitempty"`
	CPULimit     float64               `yaml:"cpu_limit,omitempty"`
	Process      *ProcessResource      `yaml:"process,omitempty"`
	Prometheus   *PrometheusResource   `yaml:"prometheus,omitempty"`
	Kubernetes   *KubernetesResource   `yaml:"kubernetes,omitempty"`
	NodeExporter *NodeExporterResource `yaml:"node_exporter,omitempty"`
	Volumes      *VolumesResource      `yaml:"volumes,omitempty"`
}

// ResourceSources are the keys of which a resource has exactly one.
func ResourceSources() []string {
	return []string{"process", "prometheus", "kubernetes", "node_exporter", "volumes"}
}

// ProcessResource is a process on the exporter's machine, found by the pid in
// PIDFile or by a regular expression over its command line; several processes
// are several instances.
type ProcessResource struct {
	PIDFile string  `yaml:"pid_file,omitempty"`
	Command *Regexp `yaml:"command,omitempty"`
}

// PrometheusResource is a target's own metrics page with the process_* metrics
// that client libraries export.
type PrometheusResource struct {
	URL string `yaml:"url"`
}

// KubernetesResource is a workload in a cluster.
type KubernetesResource struct {
	Namespace string `yaml:"namespace"`
	Workload  string `yaml:"workload"`
}

// NodeExporterResource is the file systems of a machine, from its node_exporter:
// the page at URL, or what links.prometheus has of Instance and Labels.
// Mountpoints chooses among them; nil means every one on a disk.
type NodeExporterResource struct {
	URL         string            `yaml:"url,omitempty"`
	Instance    string            `yaml:"instance,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Mountpoints *Regexp           `yaml:"mountpoints,omitempty"`
}

// VolumesResource is persistent volumes of a Kubernetes cluster, as its kubelets
// report them to links.prometheus. Claims chooses among the claims of the
// namespace; nil means every one. Labels are those that tell clusters apart.
type VolumesResource struct {
	Namespace string            `yaml:"namespace"`
	Claims    *Regexp           `yaml:"claims,omitempty"`
	Labels    map[string]string `yaml:"labels,omitempty"`
}

// MeasuresDisks says whether the resource has disks.
func (r *Resource) MeasuresDisks() bool { return r.NodeExporter != nil || r.Volumes != nil }
