#include "simulator/scim_filter.h"

#include <algorithm>
#include <optional>

#include "simulator/text.h"

namespace simulator {

struct ScimFilter::Node {
  enum class Kind { kAnd, kOr, kNot, kCompare };
  Kind kind = Kind::kCompare;
  std::shared_ptr<Node> left;
  std::shared_ptr<Node> right;
  std::string attribute;
  std::string operation;
  std::string value;
};

namespace {

using Node = ScimFilter::Node;
using NodePtr = std::shared_ptr<Node>;

struct Token {
  enum class Kind { kWord, kString, kOpen, kClose, kEnd } kind = Kind::kEnd;
  std::string text;
};

// Recursive descent: or < and < not < comparison. Throws a sentence; parse() turns it into a value.
class Parser {
 public:
  Parser(std::string_view text, std::vector<std::string>& attributes) : text_(text), attributes_(attributes) {
    advance();
  }

  NodePtr whole() {
    NodePtr node = disjunction();
    if (token_.kind != Token::Kind::kEnd) fail("unexpected '" + token_.text + "'");
    return node;
  }

 private:
  [[noreturn]] static void fail(const std::string& why) { throw std::string("Invalid filter: " + why); }

  void advance() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    token_ = {};
    if (at_ >= text_.size()) return;
    const char c = text_[at_];
    if (c == '(' || c == ')') {
      token_ = {c == '(' ? Token::Kind::kOpen : Token::Kind::kClose, std::string(1, c)};
      ++at_;
    } else if (c == '"') {
      quoted();
    } else if (c == '[' || c == ']') {
      fail("complex value filters are not supported");
    } else {
      token_.kind = Token::Kind::kWord;
      while (at_ < text_.size() && std::string_view(" \t()\"[]").find(text_[at_]) == std::string_view::npos) {
        token_.text.push_back(text_[at_++]);
      }
    }
  }

  void quoted() {
    token_.kind = Token::Kind::kString;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      token_.text.push_back(text_[at_]);
    }
    if (at_ >= text_.size()) fail("a string is not closed");
    ++at_;
  }

  // Operators are case-insensitive, attribute names are not (facts: core-okta-api).
  bool take_word(std::string_view word) {
    if (token_.kind != Token::Kind::kWord || lower(token_.text) != word) return false;
    advance();
    return true;
  }

  static NodePtr join(Node::Kind kind, NodePtr left, NodePtr right) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->left = std::move(left);
    node->right = std::move(right);
    return node;
  }

  NodePtr disjunction() {
    NodePtr node = conjunction();
    while (take_word("or")) node = join(Node::Kind::kOr, node, conjunction());
    return node;
  }

  NodePtr conjunction() {
    NodePtr node = negation();
    while (take_word("and")) node = join(Node::Kind::kAnd, node, negation());
    return node;
  }

  NodePtr negation() {
    if (take_word("not")) return join(Node::Kind::kNot, group(), nullptr);
    return token_.kind == Token::Kind::kOpen ? group() : comparison();
  }

  NodePtr group() {
    if (token_.kind != Token::Kind::kOpen) fail("'(' expected");
    advance();
    NodePtr node = disjunction();
    if (token_.kind != Token::Kind::kClose) fail("')' expected");
    advance();
    return node;
  }

  NodePtr comparison() {
    if (token_.kind != Token::Kind::kWord) fail("an attribute is expected");
    auto node = std::make_shared<Node>();
    node->attribute = token_.text;
    attributes_.push_back(token_.text);
    advance();
    if (token_.kind != Token::Kind::kWord) fail("an operator is expected after " + node->attribute);
    node->operation = lower(token_.text);
    static const std::vector<std::string> known = {"eq", "ne", "co", "sw", "ew",
                                                   "pr", "gt", "ge", "lt", "le"};
    if (std::find(known.begin(), known.end(), node->operation) == known.end()) {
      fail("unknown operator '" + token_.text + "'");
    }
    advance();
    if (node->operation == "pr") return node;
    if (token_.kind != Token::Kind::kString && token_.kind != Token::Kind::kWord) fail("a value is expected");
    if (token_.kind == Token::Kind::kWord) {  // numbers and booleans stand without quotes, text does not
      const bool literal = token_.text == "true" || token_.text == "false" || token_.text == "null" ||
                           parse_integer(token_.text).has_value();
      if (!literal) fail("the value of " + node->attribute + " must be quoted");
    }
    node->value = token_.text;
    advance();
    return node;
  }

  std::string_view text_;
  std::vector<std::string>& attributes_;
  std::size_t at_ = 0;
  Token token_;
};

bool compare(const std::string& actual, const std::string& operation, const std::string& wanted) {
  if (operation == "eq") return actual == wanted;
  if (operation == "sw") return actual.starts_with(wanted);
  if (operation == "ew") return actual.ends_with(wanted);
  if (operation == "co") return actual.find(wanted) != std::string::npos;
  if (operation == "gt") return actual > wanted;
  if (operation == "ge") return actual >= wanted;
  if (operation == "lt") return actual < wanted;
  return actual <= wanted;
}

bool evaluate(const Node& node, const AttributeLookup& lookup) {
  switch (node.kind) {
    case Node::Kind::kAnd:
      return evaluate(*node.left, lookup) && evaluate(*node.right, lookup);
    case Node::Kind::kOr:
      return evaluate(*node.left, lookup) || evaluate(*node.right, lookup);
    case Node::Kind::kNot:
      return !evaluate(*node.left, lookup);
    case Node::Kind::kCompare:
      break;
  }
  const std::vector<std::string> values = lookup(node.attribute);
  if (node.operation == "pr") return !values.empty();
  const auto equal = [&](const std::string& value) { return value == node.value; };
  if (node.operation == "ne") return std::none_of(values.begin(), values.end(), equal);
  return std::any_of(values.begin(), values.end(),
                     [&](const std::string& value) { return compare(value, node.operation, node.value); });
}

}  // namespace

std::expected<ScimFilter, std::string> ScimFilter::parse(std::string_view text) {
  ScimFilter filter;
  try {
    filter.root_ = Parser(text, filter.attributes_).whole();
  } catch (const std::string& why) {
    return std::unexpected(why);
  }
  return filter;
}

bool ScimFilter::matches(const AttributeLookup& lookup) const { return evaluate(*root_, lookup); }

}  // namespace simulator
