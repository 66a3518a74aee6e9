// Multiply-accumulate unit: psum_out = psum + act * weight, act * weight alone for an operation marked first, or
// psum_in + psum for one marked chain.
// Registers: operands, PIPELINE ranks in between, result. A result stands at psum_out PIPELINE + 2 edges after its operands.
//   en        1, in           an operation enters at this edge
//   chain     1, in           with en: start from psum_in, and add psum instead of the product
//   first     1, in           with en and without chain: start from zero
//   act       ACT_BITS, in
//   weight    WEIGHT_BITS, in
//   psum      ACC_BITS, in    of the scratchpad; what chain adds is sampled at the edge where take is high, not where the
//                             operation enters
//   psum_in   ACC_BITS, in    of the PE below
//   take      1, out          psum is taken at this edge
//   valid     1, out          psum_out holds a new result
//   busy      1, out          an operation is under way
//   psum_out  ACC_BITS, out
// FAMILY 0: integers, two's complement, sums wrap. 1: shift-add with TERMS terms (product_shift_add), sums wrap.
// 2: floating point, operands EXP and FRAC bits, sums ACC_EXP and ACC_FRAC bits (product_fp, sum_fp).
// PIPELINE 0: product and sum in one cycle; 1: a rank behind the product; 2: one within the product; floating point only:
// 3: one behind the alignment of the sum; 4: one before its normalisation.
// CLOCK_GATING 1: a rank loads only when an operation enters it. 0: it loads at every edge.
// ZERO_GATING 1: where an operand is zero the operand registers hold and the product is zero (0 * infinity, too).
module mac #(
    parameter FAMILY = 0,
    parameter ACT_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter ACC_BITS = 24,
    parameter TERMS = 1,
    parameter EXP = 8,
    parameter FRAC = 23,
    parameter ACC_EXP = 8,
    parameter ACC_FRAC = 23,
    parameter PIPELINE = 1,
    parameter CLOCK_GATING = 1,
    parameter ZERO_GATING = 0
) (
    input                    clk,
    input                    rst,
    input                    en,
    input                    chain,
    input                    first,
    input  [ACT_BITS-1:0]    act,
    input  [WEIGHT_BITS-1:0] weight,
    input  [ACC_BITS-1:0]    psum,
    input  [ACC_BITS-1:0]    psum_in,
    output                   take,
    output                   valid,
    output                   busy,
    output [ACC_BITS-1:0]    psum_out
);
    // Ranks before the sum: operands, and up to two of the product.
    localparam PRODUCT_RANKS = (PIPELINE > 2) ? 2 : PIPELINE;
    localparam RANKS = PIPELINE + 2;

    wire [RANKS-1:0] held;
    wire [RANKS-1:0] load;
    op_pipeline #(.RANKS(RANKS), .CLOCK_GATING(CLOCK_GATING)) operations (
        .clk(clk), .rst(rst), .en(en), .held(held), .load(load), .valid(valid), .busy(busy)
    );

    // Operands. Operations of the chain leave the multiplier alone.
    wire zero;
    wire skip = (ZERO_GATING != 0) & zero;
    wire load_operands = load[0] & ~((CLOCK_GATING != 0) & chain) & ~skip;
    wire [ACT_BITS-1:0] act_q;
    wire [WEIGHT_BITS-1:0] weight_q;
    rank #(.WIDTH(ACT_BITS)) act_rank (.clk(clk), .load(load_operands), .d(act), .q(act_q));
    rank #(.WIDTH(WEIGHT_BITS)) weight_rank (.clk(clk), .load(load_operands), .d(weight), .q(weight_q));

    // Partial sum and marks of the operation, rank by rank beside the product.
    wire [ACC_BITS+1:0] beside [0:PRODUCT_RANKS+1];
    assign beside[0] = {chain, skip, chain ? psum_in : psum & {ACC_BITS{~first}}};
    genvar k;
    generate
        for (k = 0; k <= PRODUCT_RANKS; k = k + 1) begin : follow
            rank #(.WIDTH(ACC_BITS + 2)) beside_rank (.clk(clk), .load(load[k]), .d(beside[k]), .q(beside[k+1]));
        end
    endgenerate
    wire [ACC_BITS-1:0] base = beside[PRODUCT_RANKS+1][ACC_BITS-1:0];

    // The product's last rank, or the adder where there is none, takes psum in the product's place.
    localparam SELECT = (PRODUCT_RANKS == 2) ? 2 : 1;
    wire chained = beside[SELECT][ACC_BITS+1];
    wire skipped = beside[SELECT][ACC_BITS];
    wire [ACC_BITS-1:0] product;
    wire carry;
    wire [ACC_BITS-1:0] selected = chained ? psum : product & {ACC_BITS{~skipped}};
    wire selected_carry = carry & ~chained & ~skipped;
    wire [ACC_BITS-1:0] term;
    wire term_carry;
    rank #(.WIDTH(ACC_BITS + 1), .PRESENT(PRODUCT_RANKS >= 1)) product_rank (
        .clk(clk), .load(load[SELECT]), .d({selected_carry, selected}), .q({term_carry, term})
    );
    assign take = held[SELECT-1] & chained;

    wire [ACC_BITS-1:0] sum;
    generate
        if (FAMILY == 2) begin : float
            assign zero = ~|act[FRAC +: EXP] | ~|weight[FRAC +: EXP];
            product_fp #(.EXP(EXP), .FRAC(FRAC), .OUT_EXP(ACC_EXP), .OUT_FRAC(ACC_FRAC), .SPLIT(PIPELINE >= 2)) multiply (
                .clk(clk), .load(load[1]), .act(act_q), .weight(weight_q), .product(product)
            );
            assign carry = 1'b0;
            wire [1:0] load_sum;
            if (PIPELINE >= 4) begin : two_ranks
                assign load_sum = load[4:3];
            end else if (PIPELINE == 3) begin : one_rank
                assign load_sum = {1'b0, load[3]};
            end else begin : no_ranks
                assign load_sum = 2'b00;
            end
            sum_fp #(.EXP(ACC_EXP), .FRAC(ACC_FRAC), .RANKS((PIPELINE > 2) ? PIPELINE - 2 : 0)) add (
                .clk(clk), .load(load_sum), .a(base), .b(term), .sum(sum)
            );
        end else begin : fixed
            if (FAMILY == 1) begin : shift_add
                wire [TERMS-1:0] zero_term;
                genvar t;
                for (t = 0; t < TERMS; t = t + 1) begin : codes
                    assign zero_term[t] = &weight[4*t +: 4];
                end
                assign zero = ~|act | &zero_term;
                product_shift_add #(
                    .ACT_BITS(ACT_BITS), .TERMS(TERMS), .OUT_BITS(ACC_BITS), .SPLIT(PIPELINE >= 2)
                ) multiply (
                    .clk(clk), .load(load[1]), .act(act_q), .weight(weight_q), .product(product), .carry(carry)
                );
            end else begin : integers
                assign zero = ~|act | ~|weight;
                product_int #(
                    .ACT_BITS(ACT_BITS), .WEIGHT_BITS(WEIGHT_BITS), .OUT_BITS(ACC_BITS), .SPLIT(PIPELINE >= 2)
                ) multiply (
                    .clk(clk), .load(load[1]), .act(act_q), .weight(weight_q), .product(product)
                );
                assign carry = 1'b0;
            end
            assign sum = base + term + term_carry;
        end
    endgenerate
    rank #(.WIDTH(ACC_BITS)) result_rank (.clk(clk), .load(load[RANKS-1]), .d(sum), .q(psum_out));
endmodule
