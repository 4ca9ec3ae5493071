// The control endpoint: GET /truth, POST /world, GET /requests, GET /healthz.
#pragma once

#include "simulator/http.h"
#include "simulator/simulator.h"

namespace simulator {

class Control {
 public:
  explicit Control(Simulator& simulator) : sim_(simulator) {}
  Reply handle(const Call& call);  // takes the world's mutex

 private:
  Reply truth(const Call& call);
  Reply requests(const Call& call);
  Reply world(const Call& call);

  Simulator& sim_;
};

}  // namespace simulator
