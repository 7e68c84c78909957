/* What eiows takes from Node's own sources, for wss:// alone, which no benchmark uses.
   With it here, installing eiows does not have to clone all of Node. */
#include <openssl/ssl.h>

#define ASSIGN_OR_RETURN_UNWRAP(pointer, object) \
    do {                                         \
        (void)(object);                          \
        *(pointer) = nullptr;                    \
        return;                                  \
    } while (0)

namespace node {
class BaseObject {};
namespace crypto {
class TLSWrap : public BaseObject {
  public:
    struct Pointer {
        SSL *get() const { return nullptr; }
    };
    const Pointer *getSSL() const { return nullptr; }
};
}  // namespace crypto
}  // namespace node
