#include "tests/fl/random_kills.h"

namespace consilium::fl {
namespace {

class EncryptedKills : public test::RandomKills {
 protected:
  EncryptedKills() { protection_ = R"({"encryption": {}})"; }
};

TEST_F(EncryptedKills, EightOverAllProcessesChangeNoBit) { disturb(8, 3); }

}  // namespace
}  // namespace consilium::fl
