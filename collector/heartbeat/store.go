package heartbeat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Signal is what a job says of itself.
type Signal string

// The signals, as the catalogue names them.
const (
	Start   Signal = "start"
	Success Signal = "success"
	Failure Signal = "failure"
)

// Job is what is remembered of one job. Times are zero where it did not happen.
type Job struct {
	Known     time.Time     `json:"known"` // when the exporter first looked for it
	Started   time.Time     `json:"started,omitzero"`
	Succeeded time.Time     `json:"succeeded,omitzero"`
	Failed    time.Time     `json:"failed,omitzero"`
	Runtime   time.Duration `json:"runtime_ns,omitempty"` // of the last run that began with a start
	Exit      int           `json:"exit,omitempty"`       // exit status of the last failure, where the job told it
	Output    string        `json:"output,omitempty"`     // end of the log that came with the last success or failure
}

// Ended is the time of the last success or failure.
func (j Job) Ended() time.Time {
	if j.Failed.After(j.Succeeded) {
		return j.Failed
	}
	return j.Succeeded
}

// Running says that the job has said that it started, and nothing since.
func (j Job) Running() bool { return j.Started.After(j.Ended()) }

// Broken says that the job has failed and not succeeded since.
func (j Job) Broken() bool { return j.Failed.After(j.Succeeded) }

// note takes a signal over.
func (j Job) note(s Signal, at time.Time, exit int, output string) Job {
	if s == Start {
		j.Started = at
		return j
	}
	j.Runtime = 0
	if j.Running() {
		j.Runtime = at.Sub(j.Started)
	}
	j.Output, j.Exit = output, exit
	if s == Success {
		j.Succeeded = at
	} else {
		j.Failed = at
	}
	return j
}

// Store remembers jobs in a folder, one file each. It is safe for concurrent
// use.
type Store struct {
	folder string // empty keeps them in memory only

	mu   sync.Mutex
	jobs map[[2]string]Job
}

// NewStore returns a store over a folder, which is made when the first job is
// kept. An empty folder forgets everything at the end of the program.
func NewStore(folder string) *Store {
	return &Store{folder: folder, jobs: make(map[[2]string]Job)}
}

// Job is what is known of a job, from now on at least that it is awaited. The
// error says that it could not be read or kept.
func (s *Store) Job(service, name string) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.job(service, name)
}

// job reads a job, from memory or from its file. The caller locks.
func (s *Store) job(service, name string) (Job, error) {
	id := [2]string{service, name}
	if j, known := s.jobs[id]; known {
		return j, nil
	}
	j, err := s.load(service, name)
	if errors.Is(err, fs.ErrNotExist) {
		j = Job{Known: time.Now()}
		err = s.keep(service, name, j)
	}
	if err != nil {
		return Job{}, err
	}
	s.jobs[id] = j
	return j, nil
}

// Note keeps a signal. It has been kept when the error is nil; otherwise nothing
// has changed.
func (s *Store) Note(service, name string, signal Signal, exit int, output string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.job(service, name)
	if err != nil {
		return err
	}
	j = j.note(signal, time.Now(), exit, output)
	if err := s.keep(service, name, j); err != nil {
		return err
	}
	s.jobs[[2]string{service, name}] = j
	return nil
}

func (s *Store) path(service, name string) string {
	return filepath.Join(s.folder, service, name+".json")
}

func (s *Store) load(service, name string) (Job, error) {
	var j Job
	if s.folder == "" {
		return j, fs.ErrNotExist
	}
	text, err := os.ReadFile(s.path(service, name))
	if err != nil {
		return j, fmt.Errorf("reading what is known of the job: %w", err)
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return j, fmt.Errorf("reading %q: %w (remove the file to begin anew)", s.path(service, name), err)
	}
	return j, nil
}

// keep writes a job durably: a crash leaves the old file or the new one.
func (s *Store) keep(service, name string, j Job) error {
	if s.folder == "" {
		return nil
	}
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("keeping what the job said: %w", err)
	}
	path := s.path(service, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("keeping what the job said: %w", err)
	}
	if err := write(path, text); err != nil {
		return fmt.Errorf("keeping what the job said: %w", err)
	}
	return nil
}

// write replaces a file and waits for the disk.
func write(path string, text []byte) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
